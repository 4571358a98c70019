"""A runtime for tests that tells what it finds of its model's files, and what it may do with them."""

import json
import os
from pathlib import Path

from edgeprof_agent.errors import RunFailedError
from edgeprof_agent.runtimes.base import LoadedModel, Runtime
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting


class PeekingRuntime(Runtime):
    """The runtime "peeking"."""

    name = "peeking"

    def describe(self) -> RuntimeInfo | None:
        """Describe it."""
        return RuntimeInfo(name=self.name, version="1", providers=("cpu",), precisions=("float32",))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Fail with what was found, as JSON."""
        beside = model_path.with_name("m.bin")
        found = {
            "name": model_path.name,
            "main": model_path.read_text(),
            "beside": beside.read_text() if beside.exists() else None,
            "names": sorted(os.listdir(model_path.parent)) if beside.exists() else [],
            "resolved": str(model_path.resolve()) if beside.exists() else "",
            "inputs": [[item.name, item.element_type, item.dimensions] for item in self.model_inputs],
            "writes": {
                "main": _outcome(lambda: open(model_path, "r+b").close()),
                "beside": _outcome(lambda: open(beside, "r+b").close()),
                "new": _outcome(lambda: open(model_path.with_name("new"), "wb").close()),
                "scratch": _outcome(lambda: open("new", "wb").close()),
            },
        }
        raise RunFailedError(json.dumps(found))


def _outcome(act: object) -> str:
    try:
        act()  # type: ignore[operator]
    except OSError as error:
        return type(error).__name__
    return "done"
