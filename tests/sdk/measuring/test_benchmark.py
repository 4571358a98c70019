"""`edgeprof.benchmark`, `verify` and `compare` from Python, on a simulated device."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from factories import model_of

import edgeprof
from edgeprof.errors import EdgeprofError, WorkerFailedError
from edgeprof.measuring.effort import EFFORTS
from edgeprof.store import Store
from edgeprof.testing import Fault, FaultKind, Heat, SimulatedDevice, SimulationConfig
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job import JobEvent, JobState
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SPACE = get_space("nasbench201")
TEXTS = [SPACE.format(item) for item in SPACE.sample(2, seed=0)]
SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)


@pytest.fixture
def model() -> Path:
    return model_of(SPACE, SPACE.parse(TEXTS[0]))


def acknowledged(client: edgeprof.DeviceClient, count: int) -> list[bool]:
    """Whether each of the newest jobs is acknowledged."""
    return [job.acknowledge_time is not None for job in islice(client.jobs(), count)]


def test_a_benchmark_is_stored_then_acknowledged(simulated_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        result = edgeprof.benchmark(client, str(model), setting=simulated_device.setting, plan=SHORT)
        assert acknowledged(client, 1) == [True]
    with Store() as store:
        assert store.measurement(result.job_id) == result.measurement
        assert [item.address for item in store.devices()] == [simulated_device.address]
        assert store.measurements(result.platform) == [result.measurement]
        (stored,) = store.results()
        assert (stored.kernel, stored.agent_version) == (result.device.kernel, edgeprof.__version__)
    assert result.measurement.median_ms == pytest.approx(simulated_device.true_latency_ms(model), rel=0.02)
    assert result.curve is None
    assert result.platform.device_id == result.device.device_id


def test_a_failure_stays_on_the_device_until_its_caller_acknowledges_it(
    make_simulated_device: Callable[[SimulationConfig], SimulatedDevice], model: Path
) -> None:
    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=FaultKind.FAIL_RUN, at_run=2),)))
    with edgeprof.connect(device.address) as client:
        with pytest.raises(WorkerFailedError):
            client.measure(model, device.setting, job_id="failed", plan=SHORT)
        assert acknowledged(client, 1) == [False]
        with pytest.raises(WorkerFailedError):
            edgeprof.benchmark(client, model, setting=device.setting, plan=SHORT)
        # The one of the benchmark, which told its caller, and the one that it found there.
        assert acknowledged(client, 2) == [True, True]


def test_a_benchmark_collects_what_earlier_runs_left(simulated_device: SimulatedDevice, model: Path) -> None:
    collected: list[int] = []
    setting = simulated_device.setting
    with edgeprof.connect(simulated_device.address) as client, Store() as store:
        client.measure(model, setting, job_id="left", plan=SHORT)
        edgeprof.benchmark(client, model, setting=setting, plan=SHORT, store=store, on_collected=collected.append)
        assert acknowledged(client, 2) == [True, True]
        assert store.measurement("left") is not None
    assert collected == [1]


def test_sustained_work_gives_the_curve(
    make_simulated_device: Callable[[SimulationConfig], SimulatedDevice], model: Path
) -> None:
    device = make_simulated_device(SimulationConfig(heat=Heat(saturation_ms=2_000.0, slowdown=1.5)))
    with edgeprof.connect(device.address) as client:
        result = edgeprof.benchmark(client, model, setting=device.setting, sustained_s=12.0)
    assert result.curve is not None
    assert len(result.curve.bins) == 12
    assert result.curve.steady_ms == pytest.approx(1.5 * device.true_latency_ms(model), rel=0.02)


def test_sustained_work_that_the_agent_would_end_is_refused_before_it_begins(
    simulated_device: SimulatedDevice, model: Path
) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        with pytest.raises(EdgeprofError, match="the agent ends a job after"):
            edgeprof.benchmark(client, model, setting=simulated_device.setting, sustained_s=1e6)
        assert list(client.jobs()) == []


def test_a_comparison_from_python_is_stored_and_acknowledged(
    simulated_device: SimulatedDevice, tmp_path: Path, own_edgeprof_folders: Path
) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        goal = edgeprof.Goal(sample_count=3)
        profile = edgeprof.onboard(
            client, "nasbench201", setting=simulated_device.setting, goal=goal, output=str(tmp_path / "board.edgeprof")
        ).profile
        a, b = (edgeprof.Candidate.from_profile(tmp_path / "board.edgeprof", text) for text in TEXTS)
        found = edgeprof.compare(client, a, b, pair_count=5, plan=SHORT)
        assert acknowledged(client, 10) == [True] * 10
        verification = edgeprof.verify(client, tmp_path / "board.edgeprof", count=3)
        changes = {"runtime": "openvino"}
        with pytest.raises(edgeprof.EdgeprofError, match="needs the device"):
            edgeprof.Candidate.from_profile(profile, TEXTS[0], changes=changes)
        other = edgeprof.Candidate.from_profile(profile, TEXTS[0], device=client.device(), changes=changes)
        with pytest.raises(edgeprof.EdgeprofError, match="offers no runtime 'openvino'"):
            edgeprof.compare(client, a, other)
    assert (other.setting, other.model) == (Setting(runtime="openvino"), a.model)
    truth = simulated_device.true_latencies_ms(SPACE, [SPACE.parse(text) for text in TEXTS])
    assert found.ratio == pytest.approx(truth[1] / truth[0], rel=0.02)
    assert found.device.device_id == profile.platform["device_id"]
    assert len(verification.architectures) == 3
    with Store() as store:
        for platform, pairs in (
            (found.platform("a"), [pair.a for pair in found.pairs]),
            (found.platform("b"), [pair.b for pair in found.pairs]),
        ):
            measured = {item.start_time for item in store.measurements(platform)}
            assert {item.start_time for item in pairs} <= measured


def test_an_unknown_effort_is_refused_with_those_there_are() -> None:
    with pytest.raises(EdgeprofError, match="one of quick, standard, strict, got 'long'"):
        edgeprof.make_plan("long")


def test_a_plan_keeps_what_is_not_changed() -> None:
    assert edgeprof.make_plan("quick") == EFFORTS["quick"]
    plan = edgeprof.make_plan("quick", timed_duration_s=2.0, start_temperature_celsius=40.0)
    assert (plan.timed_duration_ms, plan.start_temperature_celsius, plan.max_wait_ms) == (2_000.0, 40.0, 300_000.0)
    assert plan.block_count == EFFORTS["quick"].block_count


def test_an_interrupted_benchmark_cancels_its_job_and_leaves_nothing_on_the_device(
    simulated_device: SimulatedDevice, model: Path
) -> None:
    def interrupt(event: JobEvent) -> None:
        if event.event is JobState.RUNNING:
            raise KeyboardInterrupt

    with edgeprof.connect(simulated_device.address) as client:
        with pytest.raises(KeyboardInterrupt, match="cancelled on the device"):
            edgeprof.benchmark(client, model, setting=simulated_device.setting, on_event=interrupt)
        (job,) = client.jobs()
    assert job.state is JobState.CANCELLED and job.acknowledge_time is not None
