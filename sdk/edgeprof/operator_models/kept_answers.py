"""What an engine has told of models, kept in the cache folder: it need not be started to tell it again.

An answer is kept under what it follows from: the content of the model, the setting and shapes, and who told it. A
device is known by its id and the version of its agent, this host by the packages that are installed in it.
"""

import gzip
import hashlib
import importlib.util
import json
import platform
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import NoHomeError
from edgeprof.folders import default_cache_folder
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.version import VERSION

Record = TypeVar("Record")


class KeptAnswer(Generic[Record]):
    """The place of one answer.

    Args:
        kind: Class of the record.
        path: File that holds it; None where nothing can be kept.
    """

    def __init__(self, kind: type[Record], path: Path | None) -> None:
        self._kind = kind
        self._path = path

    def read(self) -> Record | None:
        """Return the answer; None where none is kept, or it is damaged."""
        with suppress(OSError, EOFError, zlib.error, ValueError):
            if self._path is not None:
                return from_json(self._kind, json.loads(gzip.decompress(self._path.read_bytes())))
        return None

    def keep(self, answer: Record) -> Record:
        """Keep an answer where that is possible.

        Args:
            answer: The record.

        Returns:
            The same.
        """
        from edgeprof_predictor._output_files import write_output

        with suppress(OSError):
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_output(self._path, gzip.compress(json.dumps(to_json(answer)).encode(), compresslevel=1))
        return answer


class KeptAnswers:
    """The answers of one device, or of this host.

    Args:
        teller: Everything about it that changes its answers, as a text.
    """

    def __init__(self, teller: str) -> None:
        self._teller = teller
        self._folder: Path | None = None
        with suppress(NoHomeError):
            self._folder = default_cache_folder() / "answers"

    def of_model(
        self, kind: type[Record], model: Path, setting: Setting, input_shapes: Mapping[str, Sequence[int]]
    ) -> KeptAnswer[Record]:
        """Return the place of what is told of a model.

        Args:
            kind: Class of the record.
            model: The main file of the model.
            setting: How it would run.
            input_shapes: Shapes of inputs that it leaves open.

        Raises:
            ModelFileError: If the model cannot be read.
        """
        if self._folder is None:
            return KeptAnswer(kind, None)
        files = find_model_files(model)
        identity = {
            "kind": kind.__name__,
            "teller": self._teller,
            "edgeprof": VERSION,
            "model": files.sha256(),
            "inputs": [to_json(item) for item in files.inputs],
            "setting": to_json(setting),
            "shapes": {name: list(sizes) for name, sizes in sorted(input_shapes.items())},
        }
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        return KeptAnswer(kind, self._folder / f"{digest}.json.gz")


def answers_of_device(device_id: str, agent_version: str) -> KeptAnswers:
    """Return the answers of a device.

    Args:
        device_id: Its id.
        agent_version: Version of its agent.
    """
    return KeptAnswers(f"device {device_id} {agent_version}")


def answers_of_host() -> KeptAnswers:
    """Return the answers of this host's engines, with the packages as they are installed now."""
    return KeptAnswers(f"host {platform.node()} {platform.machine()} {sys.version} {sorted(_installed())}")


def _installed() -> Iterator[str]:
    """Yield what changes with every installation or update of a package, and with every change of a checkout's agent.

    Packages are folders, so that the time at which the folder of all was changed tells, without starting any engine.
    """
    for folder in map(Path, sys.path):
        if folder.name in ("site-packages", "dist-packages"):
            with suppress(OSError):
                yield f"{folder} {folder.stat().st_mtime_ns}"
    agent = importlib.util.find_spec("edgeprof_agent")
    for folder in map(Path, (agent and agent.submodule_search_locations) or ()):
        for path in (folder / "runtimes").glob("*.py"):
            with suppress(OSError):
                yield f"{path} {path.stat().st_mtime_ns}"
