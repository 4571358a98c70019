"""The closed loop on a simulated device, and what is left of it when a process is killed in the middle."""

import dataclasses
import functools
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import edgeprof
from edgeprof.errors import OnboardingError
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT
from edgeprof.onboarding import Goal, OnboardingListener
from edgeprof.store import Probe, Store
from edgeprof.testing import Fault, FaultKind, Heat, SimulatedDevice, SimulationConfig
from edgeprof_predictor import metrics
from edgeprof_predictor.spaces import Architecture, get_space
from edgeprof_proto.records.job import JobEvent, JobPhase, JobState, Progress

SIX = Goal(sample_count=6)
FOUR = Goal(sample_count=4)
MakeDevice = Callable[[SimulationConfig | None], SimulatedDevice]


@dataclasses.dataclass
class Finished:
    """An onboarding with six networks, and the device, which runs no more."""

    onboarded: edgeprof.Onboarded
    device: SimulatedDevice

    def truth_ms(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        return self.device.true_latencies_ms(self.onboarded.profile.space, architectures)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Finished]:
    """Onboards a simulated device in a search space, once for all tests that look at what is left of it."""

    @functools.cache
    def finish(space_name: str) -> Finished:
        folder = tmp_path_factory.mktemp(space_name)
        with SimulatedDevice(folder / "device") as device, edgeprof.connect(device.address) as client:
            store = folder / "store.sqlite3"
            onboarded = edgeprof.onboard(client, space_name, setting=device.setting, goal=SIX, store=store)
        return Finished(onboarded, device)

    return finish


# Choosing each network anew takes seconds on a slow core.
@pytest.mark.timeout(400)
@pytest.mark.parametrize("space_name", ["nasbench201", "fbnet"])
def test_six_networks_tell_how_fast_the_others_run(space_name: str, finished: Callable[[str], Finished]) -> None:
    found = finished(space_name)
    report = found.onboarded.report
    unseen = get_space(space_name).sample(8, seed=99)
    truth, prediction = found.truth_ms(unseen), found.onboarded.profile.predict(unseen)
    assert metrics.spearman(truth, prediction.latency_ms) > 0.9
    assert metrics.median_ape(truth, prediction.latency_ms) < 0.12
    assert len(report.samples) == 6
    assert [status.sample_count for status in report.history] == [*range(1, len(report.samples) + 1)]
    assert metrics.median_ape(truth, prediction.latency_ms) < report.history[-1].expected.upper
    assert report.source_platform
    assert -1 <= report.source_correlation <= 1


@pytest.mark.timeout(400)
def test_a_space_that_was_never_measured_anywhere_is_onboarded(tmp_path: Path) -> None:
    space_name = "transnasbench101_micro"
    with SimulatedDevice(tmp_path / "device") as device, edgeprof.connect(device.address) as client:
        store, goal = tmp_path / "store.sqlite3", Goal(sample_count=3)
        onboarded = edgeprof.onboard(client, space_name, setting=device.setting, goal=goal, store=store)
        unseen = get_space(space_name).sample(8, seed=99)
        truth, prediction = device.true_latencies_ms(get_space(space_name), unseen), onboarded.profile.predict(unseen)
    assert not onboarded.report.has_sources
    assert metrics.spearman(truth, prediction.latency_ms) > 0.8
    assert metrics.interval_coverage(truth, prediction.lower_ms, prediction.upper_ms) >= 0.8


def test_dead_branches_that_are_not_exported_do_not_count(finished: Callable[[str], Finished]) -> None:
    found, space = finished("nasbench201"), get_space("nasbench201")
    profile = found.onboarded.profile
    drawn = space.sample_choices(300, seed=98)
    dead = space.architectures(drawn[~np.all(space.pruned(drawn) == drawn, axis=1)][:8])
    as_run = space.architectures(space.pruned(space.choices(dead)))
    np.testing.assert_array_equal(profile.predict(dead).latency_ms, profile.predict(as_run).latency_ms)
    assert metrics.spearman(found.truth_ms(dead), profile.predict(dead).latency_ms) > 0.9


def test_a_profile_predicts_with_neither_agent_nor_store(finished: Callable[[str], Finished], tmp_path: Path) -> None:
    profile, space = finished("nasbench201").onboarded.profile, get_space("nasbench201")
    profile.save(tmp_path / "board.edgeprof")
    texts = [space.format(item) for item in space.sample(5, seed=1)]
    carried = edgeprof.predict(tmp_path / "board.edgeprof", texts)
    np.testing.assert_allclose(carried.latency_ms, profile.predict(texts).latency_ms)
    assert np.all((carried.lower_ms < carried.latency_ms) & (carried.latency_ms < carried.upper_ms))


def test_the_target_error_ends_an_onboarding_early(simulated_device: SimulatedDevice) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        report = edgeprof.onboard(
            client, "nasbench201", setting=simulated_device.setting, goal=Goal(sample_count=50, target_error=0.5)
        ).report
    assert len(report.samples) <= 5
    assert "target" in report.stop_reason
    assert report.history[-1].expected.upper <= 0.5
    assert report.error_diagnosis is None


def test_a_network_that_crashes_the_device_is_replaced_by_another(make_simulated_device: MakeDevice) -> None:
    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=FaultKind.CRASH, at_run=3, job_count=2),)))
    with edgeprof.connect(device.address) as client:
        report = edgeprof.onboard(client, "nasbench201", setting=device.setting, goal=FOUR).report
    # The first crash may have been the device's, so the network had a second attempt.
    assert len(report.failures) == 1
    assert len(report.samples) == 4


def test_a_device_that_always_fails_ends_in_one_sentence(make_simulated_device: MakeDevice) -> None:
    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=FaultKind.REJECT_MODEL),)))
    with (
        edgeprof.connect(device.address) as client,
        pytest.raises(OnboardingError, match="Mend the device"),
    ):
        edgeprof.onboard(client, "nasbench201", setting=device.setting)


def test_a_device_that_throttles_is_noticed_and_measured_again(make_simulated_device: MakeDevice) -> None:
    device = make_simulated_device(SimulationConfig(heat=Heat(saturation_ms=3_000.0, slowdown=1.5)))
    with edgeprof.connect(device.address) as client:
        report = edgeprof.onboard(client, "nasbench201", setting=device.setting, goal=SIX).report
    assert report.disturbed_count > 0
    assert report.anchor_check_count >= 2


def test_slow_stretches_in_every_measurement_hide_no_latency(make_simulated_device: MakeDevice) -> None:
    """Each job starts cold, and throttles after one of its five blocks: every median reflects the slow part."""
    device = make_simulated_device(SimulationConfig(heat=Heat(saturation_ms=300.0, slowdown=1.5, cooling_share=1.0)))
    with edgeprof.connect(device.address) as client:
        report = edgeprof.onboard(client, "nasbench201", setting=device.setting, goal=FOUR).report
    space = get_space("nasbench201")
    truth = device.true_latencies_ms(space, [space.parse(text) for text, *_ in report.samples])
    np.testing.assert_allclose([latency_ms for _, latency_ms, _ in report.samples], truth, rtol=0.02)
    # What each measurement took before it was slowed down agrees, so that nothing is measured again.
    assert (report.disturbed_count, report.unconverged_count) == (0, 0)


class KillAgentOnce(OnboardingListener):
    """Kills the device's agent while it measures the fourth network, and starts it again."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._probe: Probe | None = None
        self.has_killed = False

    def on_probe_started(self, probe: Probe) -> None:
        self._probe = probe

    def on_job_event(self, event: JobEvent) -> None:
        is_measuring = isinstance(event.event, Progress) and event.event.phase is JobPhase.WARMING_UP
        if self._probe is not None and self._probe.ordinal == 3 and is_measuring and not self.has_killed:
            self.has_killed = True
            self._device.kill()
            self._device.start()


def assert_nothing_was_measured_without_need(device: SimulatedDevice, store_path: Path) -> None:
    with edgeprof.connect(device.address) as client:
        jobs = list(client.jobs())
    assert all(job.state is JobState.SUCCEEDED for job in jobs)
    with Store(store_path) as store:
        measurements = {job.job_id: store.measurement(job.job_id) for job in jobs}
    # Nothing that the device has measured is lost on the host ...
    assert all(measurement is not None for measurement in measurements.values())
    # ... and only the anchor, checked on purpose, was measured more often than an estimate needs to converge.
    repeats = Counter(job.spec.model_sha256 for job in jobs)
    assert sum(count > CONVERGED_ATTEMPT_COUNT for count in repeats.values()) <= 1


def test_a_kill_of_the_agent_loses_nothing_and_measures_nothing_twice(
    simulated_device: SimulatedDevice, own_edgeprof_folders: Path
) -> None:
    listener = KillAgentOnce(simulated_device)
    with edgeprof.connect(simulated_device.address) as client:
        report = edgeprof.onboard(
            client, "nasbench201", setting=simulated_device.setting, goal=FOUR, listener=listener
        ).report
    assert listener.has_killed
    assert len(report.samples) == 4
    assert_nothing_was_measured_without_need(simulated_device, own_edgeprof_folders / "store.sqlite3")


HOST_THAT_KILLS_ITSELF = """
import os, signal, sys
import edgeprof
from edgeprof.onboarding import OnboardingListener

class Killer(OnboardingListener):
    probe = None

    def on_probe_started(self, probe):
        self.probe = probe

    def {method}(self, *_):
        if self.probe.ordinal == 3:
            os.kill(os.getpid(), signal.SIGKILL)

with edgeprof.connect(sys.argv[1]) as client:
    edgeprof.onboard(client, "nasbench201", setting=edgeprof.Setting(runtime="simulated"), listener=Killer())
"""


@pytest.mark.parametrize("method", ["on_job_event", "on_probe_measured"], ids=["while measuring", "after measuring"])
def test_a_kill_of_the_host_loses_nothing_and_measures_nothing_twice(
    method: str, simulated_device: SimulatedDevice, own_edgeprof_folders: Path
) -> None:
    program = HOST_THAT_KILLS_ITSELF.format(method=method)
    killed = subprocess.run([sys.executable, "-c", program, simulated_device.address], check=False)
    assert killed.returncode == -signal.SIGKILL
    resumed_with: list[int] = []

    class Resumed(OnboardingListener):
        def on_resumed(self, architectures: list[str]) -> None:
            resumed_with.append(len(architectures))

    with edgeprof.connect(simulated_device.address) as client:
        report = edgeprof.onboard(
            client, "nasbench201", setting=simulated_device.setting, goal=FOUR, listener=Resumed()
        ).report
    assert resumed_with == [3 if method == "on_job_event" else 4]
    assert len(report.samples) == 4
    assert_nothing_was_measured_without_need(simulated_device, own_edgeprof_folders / "store.sqlite3")
