"""A process of this host in which its own runtimes load models: an engine may crash it, and takes long to start."""

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeprof.devices.model_files import ModelFiles, find_model_files
from edgeprof.errors import GraphNotToldError, NoEngineError
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import CORES_OPTION, InputShape, JobKind, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.model_profile import ModelProfile

if TYPE_CHECKING:
    import subprocess

    from edgeprof_proto.records.measurement import Measurement

TIMEOUT_S = 300.0
"""How long a runtime on this host may take to load a model."""

END_TIMEOUT_S = 5.0
"""How long a process that has closed its output may take to end."""

_NO_ENGINE = frozenset({"ERROR_REASON_RUNTIME_NOT_FOUND", "ERROR_REASON_MODEL_REFUSED"})
"""Reasons of a process of this host: the engine is not here, or it reads another format."""


class HostEngine:
    """Runtimes of this host, in one process that is started when it is first asked. Use it as a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def profile(self, model: Path, setting: Setting, input_shapes: Mapping[str, Sequence[int]]) -> ModelProfile:
        """Load a model, and return the graph that the runtime made of it.

        Args:
            model: The main file of the model.
            setting: How it would run, see `on_this_host`.
            input_shapes: Shapes of inputs that the model leaves open.

        Raises:
            ModelFileError: If the model cannot be read.
            NoEngineError: If the runtime is not here, or reads another format.
            GraphNotToldError: If it cannot load the model.
        """
        spec = _spec(model, setting, input_shapes, kind=JobKind.GRAPH)
        return from_json(ModelProfile, self._ask(model, spec)["profile"])

    def measure(
        self,
        model: Path,
        setting: Setting,
        input_shapes: Mapping[str, Sequence[int]],
        plan: MeasurementPlan,
    ) -> "Measurement":
        """Measure a model on this host.

        Args:
            model: The main file of the model.
            setting: How it runs, see `on_this_host`.
            input_shapes: Shapes of inputs that the model leaves open.
            plan: How long and how often it is run.

        Raises:
            ModelFileError: If the model cannot be read.
            NoEngineError: If the runtime is not here, or reads another format.
            GraphNotToldError: If it cannot load or run the model.
        """
        from edgeprof_proto.records.measurement import Measurement

        spec = _spec(model, setting, input_shapes, plan=plan)
        return from_json(Measurement, self._ask(model, spec)["measurement"])

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> "HostEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, model: Path, spec: JobSpec) -> dict[str, Any]:
        files = find_model_files(model)
        answer = self._answer(_request(files, spec))
        if "error" in answer:
            kind = NoEngineError if answer.get("reason") in _NO_ENGINE else GraphNotToldError
            raise kind(f"{model.name}: {answer['error']}")
        return answer

    def _answer(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Ask the process.

        Raises:
            GraphNotToldError: If it ends without an answer.
        """
        # Imported where a process is started: what was told before is read from a file.
        import selectors
        import subprocess

        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                if not selector.select(timeout=TIMEOUT_S):
                    raise TimeoutError
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer
        except TimeoutError:
            self.close()
            raise GraphNotToldError(
                f"the runtime on this host did not load the model within {TIMEOUT_S:.0f} s; name the device with "
                "--device, which then tells its graph"
            ) from None
        except (ValueError, OSError):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=END_TIMEOUT_S)
            self.close()
            raise GraphNotToldError(
                f"the runtime on this host ended without an answer (status {process.returncode}) while it loaded the "
                "model; name the device with --device, which then tells its graph"
            ) from None

    def _start(self) -> "subprocess.Popen[str]":
        import subprocess

        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgeprof_agent.worker.on_host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        return self._process


def _request(files: ModelFiles, spec: JobSpec) -> dict[str, object]:
    return {
        "model_path": str(files.main.absolute()),
        "spec": to_json(spec),
        "attempt": 1,
        "other_files": list(files.others),
        "model_inputs": [to_json(item) for item in files.inputs],
    }


def on_this_host(setting: Setting) -> Setting:
    """Return the setting of a device as this host can run it.

    Args:
        setting: How a model runs on the device.
    """
    # The version may be another here; cores are the device's.
    options = {name: value for name, value in setting.options.items() if name != CORES_OPTION}
    return dataclasses.replace(setting, runtime_version="", options=options)


def _spec(model: Path, setting: Setting, input_shapes: Mapping[str, Sequence[int]], **fields: Any) -> JobSpec:
    return JobSpec(
        # Names the model, whose content nobody asks for here: hashing a large one takes seconds.
        model_sha256=hashlib.sha256(os.fsencode(model.absolute())).hexdigest(),
        setting=setting,
        input_shapes=tuple(InputShape(name=name, sizes=tuple(sizes)) for name, sizes in input_shapes.items()),
        **fields,
    )
