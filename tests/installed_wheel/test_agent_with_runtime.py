"""An agent with ONNX Runtime: the wheel with the extra `onnxruntime`, in an environment of its own."""

from pathlib import Path

from installed_wheel.environment import Environment

HOST_ONLY = {"torch", "onnx", "scipy", "pandas", "click", "sqlalchemy", "matplotlib"}


def test_nothing_of_the_host_is_installed(agent_with_runtime: Environment) -> None:
    installed = agent_with_runtime.distributions()
    assert {"numpy", "onnxruntime"} <= installed
    assert not HOST_ONLY & installed


def test_the_doctor_finds_the_runtime(agent_with_runtime: Environment) -> None:
    checks = agent_with_runtime.run("edgeprof-agent", "doctor").stdout.splitlines()
    (runtimes,) = (line for line in checks if "runtimes: " in line)
    assert runtimes.split()[:3] == ["good", "runtimes:", "onnxruntime"]


def test_it_measures_a_model_for_a_host(address: str, host: Environment, tiny_model: Path) -> None:
    answer = host.json("edgeprof", "benchmark", tiny_model, "--device", address, "--effort", "quick", "--json")
    measurement = answer["measurement"]
    assert answer["median_ms"] > 0
    assert measurement["setting"]["runtime"] == "onnxruntime"
    assert measurement["node_counts"] == [{"provider": "CPUExecutionProvider", "node_count": 1}]
