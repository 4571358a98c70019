"""The installed wheel, seen from outside. `scripts/wheel_check` makes the environments and runs these tests."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installed_wheel.environment import Environment, serving

FOLDER = os.environ.get("EDGEPROF_WHEEL_CHECK")
"""Where `scripts/wheel_check` has put wheel and environments; without it there is nothing here to test."""

TFLITE_ENVIRONMENT = "agent_with_tflite"
"""Only where Python is old enough for that package."""

if not FOLDER:
    collect_ignore_glob = ["test_*.py"]
elif not Path(FOLDER, TFLITE_ENVIRONMENT).exists():
    collect_ignore_glob = ["test_agent_with_tflite.py"]
else:
    collect_ignore_glob = []

if FOLDER:
    # Ended by SIGTERM, the tests stop the agents that they have started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def environment_fixture(name: str) -> Callable[..., Environment]:
    @pytest.fixture(scope="session", name=name)
    def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
        return Environment(installation_folder() / name, tmp_path_factory.mktemp(name))

    return environment


agent = environment_fixture("agent")
agent_with_runtime = environment_fixture("agent_with_runtime")
agent_with_litert = environment_fixture("agent_with_litert")
agent_with_tflite = environment_fixture(TFLITE_ENVIRONMENT)
agent_with_numpy_2 = environment_fixture("agent_with_numpy_2")
host = environment_fixture("host")


def installation_folder() -> Path:
    assert FOLDER is not None
    return Path(FOLDER)


@pytest.fixture(scope="session")
def wheel() -> Path:
    (path,) = (installation_folder() / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sdist() -> Path:
    (path,) = (installation_folder() / "dist").glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def agent_address(agent: Environment) -> Iterator[str]:
    with serving(agent) as address:
        yield address


@pytest.fixture(scope="session")
def address(agent_with_runtime: Environment) -> Iterator[str]:
    """Of an agent with ONNX Runtime."""
    with serving(agent_with_runtime) as address:
        yield address


@pytest.fixture(scope="session")
def tiny_model(host: Environment) -> Path:
    """A model of one node, made by the host's ONNX."""
    host.python(
        "from onnx import TensorProto, helper, save\n"
        "x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64]) for name in 'xy')\n"
        "graph = helper.make_graph([helper.make_node('Relu', ['x'], ['y'])], 'tiny', [x], [y])\n"
        "model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)\n"
        "save(model, 'tiny.onnx')\n"
    )
    return host.work_folder / "tiny.onnx"
