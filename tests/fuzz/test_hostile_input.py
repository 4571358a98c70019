"""A short run of the fuzz targets whose long run is `benchmarks/fuzz.py`."""

import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest

from edgeprof.testing import SimulationConfig

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

MESSAGE_COUNT = 600
MODEL_COUNT = 6


@pytest.fixture(scope="module", autouse=True)
def benchmarks_on_path() -> Iterator[None]:
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("fuzz")
    fuzz = import_module("fuzz")
    SimulationConfig().write(folder / "simulation.json")
    environment = {**fuzz.LIMITS, "EDGEPROF_SIMULATION": str(folder / "simulation.json")}
    with import_module("agent_process").running_agent(folder / "agent", environment=environment) as process:
        process.limit_address_space(fuzz.ADDRESS_SPACE_BYTES)
        yield process


def unmet(agent: Any, before: Any) -> list[str]:
    return [str(figure) for figure in import_module("fuzz").left_behind(agent, before) if not figure.is_met]


def test_every_mutated_message_ends_in_an_answer_or_a_named_reason(agent: Any, tmp_path: Path) -> None:
    messages = import_module("hostile.messages")
    methods = messages.contract_methods()
    with grpc.insecure_channel(agent.address) as channel:
        known = messages.known_values(agent.address, tmp_path)
        before = agent.vitals()
        calls = messages.mutated_calls(methods, known, seed=1)
        tally = messages.send_all(channel, islice(calls, MESSAGE_COUNT))
        messages.end_jobs(agent.address)
    assert tally.offences == []
    assert len(tally.by_method) == len(methods)
    assert unmet(agent, before) == []


def test_every_mutated_model_ends_in_a_measurement_or_a_named_reason(agent: Any, tmp_path: Path) -> None:
    models = import_module("hostile.models")
    with models.ModelRunner(agent.address) as runner:
        before = agent.vitals()
        for mutant in islice(models.mutated_models(tmp_path / "seeds", seed=1), MODEL_COUNT):
            runner.run(mutant)
    assert runner.offences == []
    assert unmet(agent, before) == []


@pytest.mark.parametrize("token", ["9" * 30, "9" * 5000, "\u0663", "-1", "1e3"])
def test_a_page_token_that_no_agent_gave_is_refused_by_name(agent: Any, token: str) -> None:
    messages = import_module("hostile.messages")
    with grpc.insecure_channel(agent.address) as channel:
        assert ending_of(messages, channel, "ListJobs", page_token=token) == "ERROR_REASON_INVALID_REQUEST"


def test_a_refusal_of_a_huge_value_keeps_its_reason(agent: Any) -> None:
    messages = import_module("hostile.messages")
    with grpc.insecure_channel(agent.address) as channel:
        for text in ("a" * 100_000, "\U0001f4a5" * 100_000):
            assert ending_of(messages, channel, "GetJob", job_id=text) == "ERROR_REASON_INVALID_REQUEST"


@pytest.mark.parametrize("name", ["GetJob", "UploadModel", "WatchJob"])
def test_a_message_that_cannot_be_decoded_is_refused_by_name(agent: Any, name: str) -> None:
    messages = import_module("hostile.messages")
    method = method_named(messages, name)
    with grpc.insecure_channel(agent.address) as channel:
        assert messages.send(channel, method, (b"\x0a\xff\xff",)) == "ERROR_REASON_INVALID_REQUEST"
    assert "Traceback" not in Path(f"{agent.folder}.log").read_text()


def method_named(messages: Any, name: str) -> Any:
    return next(method for method in messages.contract_methods() if method.descriptor.name == name)


def ending_of(messages: Any, channel: grpc.Channel, name: str, **fields: Any) -> str:
    method = method_named(messages, name)
    return str(messages.send(channel, method, (method.request_type(**fields).SerializeToString(),)))
