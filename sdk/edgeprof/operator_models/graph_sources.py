"""Where the graph of a model comes from that is to be predicted: the device, or the same runtime on this host."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import ModelFiles, find_model_files
from edgeprof.errors import EdgeprofError, GraphNotToldError, NoEngineError
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import CORES_OPTION, InputShape, JobKind, JobSpec, Setting
from edgeprof_proto.records.model_profile import ModelProfile

HOST_TIMEOUT_S = 300.0
"""How long a runtime on this host may take to load a model."""

_NO_ENGINE = frozenset({"ERROR_REASON_RUNTIME_NOT_FOUND", "ERROR_REASON_MODEL_REFUSED"})
"""Reasons of a process of this host: the engine is not here, or it reads another format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldGraph:
    """A graph, and what is to be said of where it comes from.

    Args:
        profile: What the runtime made of the model.
        warning: Why it may differ from what the device runs; empty where it is the device's own.
        engine: Engine whose operators the graph holds; the runtime of the profile by default.
    """

    profile: ModelProfile
    warning: str = ""
    engine: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "engine", self.engine or self.profile.setting.runtime)


class GraphSource(Protocol):
    """Tells the graph that a runtime makes of a model."""

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model.

        Raises:
            EdgeprofError: If the runtime cannot load the model, or tells no graph.
        """


class DeviceGraphs:
    """The device itself loads each model and tells its graph.

    Args:
        client: The device.
        setting: How the model would run.
        version: Version of the runtime on the device; that of the setting by default.
    """

    def __init__(self, client: DeviceClient, setting: Setting, version: str = "") -> None:
        self._client = client
        self._setting = dataclasses.replace(setting, runtime_version=version or setting.runtime_version)
        self._warning = ""
        if self._setting != setting:
            self._warning = (
                f"the profile was made with {setting.runtime} {setting.runtime_version}, the device now runs "
                f"{version}: times may differ until it is onboarded again"
            )

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model; see `GraphSource`."""
        job_id = f"graph-{uuid.uuid4().hex}"
        try:
            return ToldGraph(
                profile=self._client.profile(model, self._setting, job_id=job_id, input_shapes=input_shapes),
                warning=self._warning,
            )
        except KeyboardInterrupt:
            with suppress(EdgeprofError):
                self._client.cancel_job(job_id)
            raise
        finally:
            # Nobody else knows the job, failed or not; one that never came to the device is skipped.
            with suppress(EdgeprofError):
                self._client.acknowledge((job_id,))


class HostGraphs:
    """The same runtime on this host stands in for the device's.

    Args:
        setting: How the model would run on the device.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model; see `GraphSource`."""
        files = find_model_files(model)
        request = {
            "model_path": str(model.absolute()),
            "spec": to_json(self._spec(files, input_shapes)),
            "attempt": 1,
            "other_files": list(files.others),
            "model_inputs": [to_json(item) for item in files.inputs],
        }
        answer = _answer(request)
        if "error" in answer:
            kind = NoEngineError if answer.get("reason") in _NO_ENGINE else GraphNotToldError
            raise kind(f"{model.name}: {answer['error']}")
        profile = from_json(ModelProfile, answer["profile"])
        return ToldGraph(profile=profile, warning=self._warning(profile.setting.runtime_version))

    def _spec(self, files: ModelFiles, input_shapes: Mapping[str, Sequence[int]]) -> JobSpec:
        shapes = tuple(InputShape(name=name, sizes=tuple(sizes)) for name, sizes in input_shapes.items())
        # The version may be another here; cores are the device's.
        options = {name: value for name, value in self._setting.options.items() if name != CORES_OPTION}
        setting = dataclasses.replace(self._setting, runtime_version="", options=options)
        # Names the model, whose content nobody asks for here: hashing a large one takes seconds.
        name = hashlib.sha256(os.fsencode(files.main.absolute())).hexdigest()
        return JobSpec(model_sha256=name, setting=setting, kind=JobKind.GRAPH, input_shapes=shapes)

    def _warning(self, version: str) -> str:
        name, wanted = self._setting.runtime, self._setting.runtime_version
        if version == wanted:
            return f"graphs by {name} {version} on this host; a processor with other instructions may get others"
        return f"graphs by {name} {version} on this host, the device runs {wanted}: some operators may differ"


def _answer(request: Mapping[str, object]) -> dict[str, Any]:
    """Ask a process of its own, which an engine may crash.

    Raises:
        GraphNotToldError: If it ends without an answer.
    """
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "edgeprof_agent.worker.graph"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=HOST_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GraphNotToldError(
            f"the runtime on this host did not load the model within {HOST_TIMEOUT_S:.0f} s; name the device with "
            "--device, which then tells its graph"
        ) from None
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        raise GraphNotToldError(
            f"the runtime on this host ended without an answer (status {ended.returncode}) while it loaded the model; "
            "name the device with --device, which then tells its graph"
        ) from None
    return answer
