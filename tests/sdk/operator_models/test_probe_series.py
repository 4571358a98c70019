"""Probes are measured in series by a real agent: what is measured is kept, whoever is killed."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import edgeprof
from edgeprof.errors import OnboardingError
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.planned import MAX_PROFILED_COUNT, MAX_REPEAT_COUNT
from edgeprof.store import Store
from edgeprof.store.platform import default_setting, resolve_platform
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job import Job, JobEvent, JobPhase, ModelResult, Progress
from edgeprof_proto.records.job_spec import JobKind
from edgeprof_proto.records.measurement import Measurement


class Acting(ModelOnboardingListener):
    """Notes what happens, and does something when a probe begins to run or is in the store."""

    def __init__(self, at: Callable[[str, str], None] = lambda step, name: None) -> None:
        self.measured: list[str] = []
        self.failed: list[str] = []
        self._name = ""
        self._at = at

    def on_model_started(self, model: ModelToMeasure) -> None:
        self._name = model.name

    def on_job_event(self, event: JobEvent) -> None:
        if isinstance(event.event, Progress) and event.event.phase is JobPhase.WARMING_UP:
            self._at("runs", self._name)

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        self.measured.append(model.name)
        self._at("stored", model.name)

    def on_model_failed(self, model: ModelToMeasure, failure: str) -> None:
        self.failed.append(model.name)


@pytest.fixture
def onboard(simulated_device: SimulatedDevice, tmp_path: Path) -> Callable[[Acting], edgeprof.OnboardedModels]:
    def run(listener: Acting) -> edgeprof.OnboardedModels:
        with edgeprof.connect(simulated_device.address) as client:
            return edgeprof.onboard_models(client, store=tmp_path / "store.sqlite3", listener=listener)

    return run


def series_of(device: SimulatedDevice) -> list[Job]:
    with edgeprof.connect(device.address) as client:
        jobs = [job for job in client.jobs() if job.spec.kind is JobKind.SERIES]
        assert all(job.acknowledge_time is not None for job in jobs), "the device need not keep what is stored"
        return jobs


def stored_count(device: SimulatedDevice, tmp_path: Path) -> Counter[str]:
    """Measurements of each model in the store."""
    with edgeprof.connect(device.address) as client, Store(tmp_path / "store.sqlite3") as store:
        description = client.device()
        platform = resolve_platform(description, default_setting(description))
        return Counter(item.model_sha256 for item in store.measurements(platform))


def end_worker(folder: Path) -> None:
    (path,) = (path for path in folder.rglob("worker.pid") if path.read_text())
    os.kill(int(path.read_text().split()[0]), signal.SIGKILL)


Onboard = Callable[[Acting], "edgeprof.OnboardedModels"]


def test_a_host_that_is_killed_leaves_everything_that_was_measured(
    onboard: Onboard, simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    def end_after_second(step: str, name: str) -> None:
        if step == "stored" and name == few_probes[1]:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        onboard(Acting(end_after_second))
        sys.exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    listener = Acting()
    onboarded = onboard(listener)
    assert onboarded.probe_count == len(few_probes)
    stored = stored_count(simulated_device, tmp_path)
    assert sum(stored.values()) == len(listener.measured) + 2, "what was stored was not asked for again"
    assert min(stored.values()) >= 2
    assert max(stored.values()) <= MAX_PROFILED_COUNT + MAX_REPEAT_COUNT, "one more where the profile was disturbed"
    series_of(simulated_device)


def test_an_agent_that_is_killed_goes_on_behind_what_it_has_told(
    onboard: Onboard, simulated_device: SimulatedDevice, few_probes: list[str]
) -> None:
    killed: list[str] = []

    def restart_once(step: str, name: str) -> None:
        if step == "runs" and name == few_probes[1] and not killed:
            killed.append(name)
            simulated_device.kill()
            simulated_device.start()

    onboarded = onboard(Acting(restart_once))
    assert onboarded.probe_count == len(few_probes) and killed
    first = series_of(simulated_device)[-1]
    assert first.attempt_count == 2
    with edgeprof.connect(simulated_device.address) as client:
        told = [event.event.model_sha256 for event in client.watch_job(first.job_id) if _is_result(event)]
    assert sorted(told) == sorted(first.spec.model_hashes) and len(told) == len(few_probes), "each was told once"
    steps = onboarded.seconds_by_step
    for step in ("uploading", "starting the worker and loading", "warming up", "pauses between blocks"):
        assert steps[f"probes: {step}"] > 0
    assert steps["probes: graph and times of operators"] > 0 and steps["probes: timed runs"] > 0.1


def _is_result(event: JobEvent) -> bool:
    return isinstance(event.event, ModelResult)


@pytest.mark.parametrize("always", [False, True])
def test_a_probe_that_ends_its_worker_is_measured_alone_and_the_rest_goes_on(
    always: bool, onboard: Onboard, simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    deadly = few_probes[0]
    ended: list[str] = []

    def end(step: str, name: str) -> None:
        if step == "runs" and name == deadly and (always or not ended):
            ended.append(name)
            end_worker(tmp_path)

    listener = Acting(end)
    onboarded = onboard(listener)
    assert set(few_probes) - set(listener.measured) == ({deadly} if always else set())
    assert onboarded.failed == ((deadly,) if always else ())
    assert listener.failed == [deadly] * (2 if always else 1)
    assert listener.measured[:2] == few_probes[1:], "the rest first, then the one that ended its worker"
    series_of(simulated_device)


def test_what_ends_the_session_ends_the_series_too(
    onboard: Onboard, simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    def give_up(step: str, name: str) -> None:
        if step == "stored":
            raise OnboardingError("enough")

    with pytest.raises(OnboardingError, match="enough"):
        onboard(Acting(give_up))
    series_of(simulated_device)
    assert sum(stored_count(simulated_device, tmp_path).values()) == 1
