"""A bare board with the extra `litert`: the interpreter, and none of the large packages."""

import json
from pathlib import Path

from installed_wheel.environment import Environment
from installed_wheel.tflite_programs import RUN, WRITE

NEVER = {"torch", "onnx", "onnxruntime", "tensorflow", "openvino", "scipy", "pandas", "click", "sqlalchemy"}


def test_none_of_the_large_packages_is_installed(agent_with_litert: Environment) -> None:
    installed = agent_with_litert.distributions()
    assert {"ai-edge-litert", "numpy"} <= installed
    assert not NEVER & installed


def test_it_runs_a_model_wholly_on_xnnpack(agent_with_litert: Environment) -> None:
    path = agent_with_litert.work_folder / "model.tflite"
    agent_with_litert.python(WRITE, str(Path(__file__).parent.parent), str(path))
    told = json.loads(agent_with_litert.python(RUN, "litert", str(path)).splitlines()[-1])
    assert told["version"].startswith("ai-edge-litert ")
    assert told["counts"] == {"xnnpack": 4}
