"""The extra `tflite` in environments of their own: with NumPy 1, for which the package is made, and with NumPy 2."""

import json
from pathlib import Path
from typing import Any

import pytest
from installed_wheel.environment import Environment
from installed_wheel.tflite_programs import RUN, WRITE


@pytest.fixture(scope="module")
def tflite_model(agent_with_litert: Environment) -> str:
    path = agent_with_litert.work_folder / "for_tflite.tflite"
    agent_with_litert.python(WRITE, str(Path(__file__).parent.parent), str(path))
    return str(path)


def _run(environment: Environment, runtime: str, model: str) -> Any:
    return json.loads(environment.python(RUN, runtime, model).splitlines()[-1])


def test_with_numpy_1_it_computes_what_the_newer_package_does(
    agent_with_tflite: Environment, agent_with_litert: Environment, tflite_model: str
) -> None:
    told = _run(agent_with_tflite, "tflite", tflite_model)
    assert told["version"] == "tflite-runtime 2.14.0"
    assert told["counts"] == {"xnnpack": 4}
    assert told["output"] == pytest.approx(_run(agent_with_litert, "litert", tflite_model)["output"], rel=1e-4)


def test_with_numpy_2_it_is_not_available_and_says_what_to_do(
    agent_with_numpy_2: Environment, tflite_model: str
) -> None:
    told = _run(agent_with_numpy_2, "tflite", tflite_model)
    assert told["version"] is None
    assert "cannot work with NumPy 2" in told["reason"]
    assert "--runtime-python tflite=" in told["reason"]
