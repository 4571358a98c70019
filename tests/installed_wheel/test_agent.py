"""An agent without a runtime: the wheel alone, in an environment of its own."""

from pathlib import Path

import pytest
from installed_wheel.environment import Environment

NEVER = {"numpy", "onnxruntime", "torch", "onnx", "scipy", "pandas", "click", "sqlalchemy", "pip", "setuptools"}
REMEDY = "pip install 'edgeprof[onnxruntime]'"


def test_neither_a_runtime_nor_anything_of_the_host_is_installed(agent: Environment) -> None:
    installed = agent.distributions()
    assert {"edgeprof", "grpcio", "protobuf"} <= installed
    assert not NEVER & installed


def test_every_module_of_the_agent_and_the_contract_can_be_imported(agent: Environment) -> None:
    modules = agent.imported_modules(["edgeprof_agent", "edgeprof_proto"])
    assert {"edgeprof_agent.server", "edgeprof_agent.runtimes.onnxruntime", "edgeprof_proto.wire"} <= set(modules)


def test_help_names_the_commands(agent: Environment) -> None:
    done = agent.run("edgeprof-agent", "--help")
    assert done.returncode == 0
    for command in ("serve", "pair", "doctor", "install", "uninstall"):
        assert f"\n    {command}" in done.stdout


def test_the_doctor_says_that_there_is_no_runtime_and_how_to_get_one(agent: Environment) -> None:
    done = agent.run("edgeprof-agent", "doctor")
    assert done.returncode == 1
    assert done.stderr == ""
    level, _, finding = done.stdout.partition("runtimes: ")
    assert level.split()[-1] == "trouble"
    assert finding.startswith("no runtime is ")
    assert REMEDY in finding.splitlines()[0]


def test_the_hosts_command_says_what_it_needs(agent: Environment) -> None:
    done = agent.run("edgeprof", "devices")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "pip install 'edgeprof[host]'" in done.stderr


def test_it_serves_and_is_in_good_health(agent_address: str, host: Environment) -> None:
    program = (
        "import sys, grpc\n"
        "from grpc_health.v1 import health_pb2, health_pb2_grpc\n"
        "with grpc.insecure_channel(sys.argv[1]) as channel:\n"
        "    stub = health_pb2_grpc.HealthStub(channel)\n"
        "    answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=20)\n"
        "print(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))\n"
    )
    assert host.python(program, agent_address) == "SERVING\n"


def test_a_host_is_told_that_it_has_no_runtime(agent_address: str, host: Environment) -> None:
    (known,) = host.json("edgeprof", "devices", agent_address, "--json")
    runtimes = {item["name"]: item for item in known["device"]["runtimes"]}
    assert REMEDY in runtimes["onnxruntime"]["unavailable_reason"]


@pytest.mark.parametrize("verb", ["benchmark", "onboard"])
def test_measuring_on_it_ends_in_a_sentence_that_says_what_to_do(
    verb: str, agent_address: str, host: Environment, tiny_model: Path
) -> None:
    models = [tiny_model] if verb == "benchmark" else []
    done = host.run("edgeprof", verb, *models, "--device", agent_address)
    assert done.returncode == 1
    assert "error: runtime 'onnxruntime'" in done.stderr
    assert REMEDY in done.stderr
    assert "Traceback" not in done.stderr
