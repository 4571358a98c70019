import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from factories import model_of
from sdk.cli.test_cli import edgeprof as command

import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.candidate import Candidate
from edgeprof.measuring.comparison import compare
from edgeprof.measuring.effort import EFFORTS
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedDevice]:
    with SimulatedDevice(tmp_path_factory.mktemp("device")) as device:
        yield device


@pytest.fixture(scope="module")
def models() -> list[Path]:
    space = get_space("nasbench201")
    return [model_of(space, architecture) for architecture in space.sample(2, seed=1)]


def _candidate(model: Path, **changes: int) -> Candidate:
    return Candidate(name=model.name, model=model, setting=Setting(runtime="simulated", **changes))  # type: ignore[arg-type]


def test_the_faster_of_two_models_is_named_with_how_much(device: SimulatedDevice, models: list[Path]) -> None:
    truth = device.true_latency_ms(models[1]) / device.true_latency_ms(models[0])
    told: list[str] = []
    with edgeprof.connect(device.address) as client:
        found = compare(
            client,
            _candidate(models[0]),
            _candidate(models[1]),
            pair_count=5,
            plan=SHORT,
            on_measurement=lambda candidate, measurement: told.append(candidate.name),
        )
    assert found.ratio == pytest.approx(truth, rel=0.02)
    assert found.lower <= found.ratio <= found.upper
    assert found.faster == ("a" if truth > 1 else "b")
    assert sorted(told) == sorted([model.name for model in models] * 5)
    assert {pair.is_a_first for pair in found.pairs} == {True, False}


def test_a_model_is_not_faster_than_itself(device: SimulatedDevice, models: list[Path]) -> None:
    with edgeprof.connect(device.address) as client:
        same = _candidate(models[0])
        found = compare(client, same, same, pair_count=5, plan=SHORT)
    assert found.faster is None
    assert found.ratio == pytest.approx(1.0, rel=0.01)


def test_too_few_pairs_are_refused(device: SimulatedDevice, models: list[Path]) -> None:
    with edgeprof.connect(device.address) as client, pytest.raises(EdgeprofError, match="5 pairs or more, got 4"):
        compare(client, _candidate(models[0]), _candidate(models[0]), pair_count=4)


def test_the_command_compares_two_settings(
    device: SimulatedDevice, models: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPROF_STORE", str(tmp_path / "store.sqlite3"))
    arguments = (
        *("compare", str(models[0]), "--device", device.address, "--runtime", "simulated"),
        *("--threads", "4", "--versus", "threads=1", "--pairs", "5", "--effort", "quick", "--json"),
    )
    done = command(*arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faster"] == "a" and result["is_certain"]
    assert result["ratio"] > 1 and len(result["pairs"]) == 5
    with edgeprof.connect(device.address) as client:
        # Both of five pairs are in the store, so the device may forget them.
        assert all(job.acknowledge_time is not None for job in islice(client.jobs(), 10))
    assert {stored.name for stored in edgeprof.results()} == {models[0].name}
    alone = command("compare", str(models[0]), folder=tmp_path)
    assert alone.returncode == 2
    assert "--versus" in alone.stderr


def test_each_effort_wants_more_certainty_than_the_one_before() -> None:
    quick, standard, strict = (EFFORTS[name].filled() for name in ("quick", "standard", "strict"))
    assert quick.timed_duration_ms < standard.timed_duration_ms < strict.timed_duration_ms
    assert strict.target_half_width > 0 == standard.target_half_width
