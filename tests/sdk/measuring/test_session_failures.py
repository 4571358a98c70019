"""A session whose measurements fail in every way: whatever happened, the same command makes progress once it is mended.

EDGEPROF_FAILURE_STEPS is about the number of measurements that are asked for, 300 unless told otherwise.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from factories import PLATFORM
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sdk.measuring.scripted_client import Disturbance, HostKilledError, ScriptedClient

from edgeprof.errors import EdgeprofError, JobCancelledError, OnboardingError
from edgeprof.exporters.onnx import export_architecture
from edgeprof.measuring.failure_actions import ACTION_OF_REASON, FailureAction
from edgeprof.measuring.next_step import MAX_MEASUREMENT_COUNT
from edgeprof.measuring.session import MAX_FAILURE_COUNT, MeasurementSession
from edgeprof.store import Probe, Store
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan

SPACE = get_space("nasbench201")
TEXTS = [SPACE.format(item) for item in SPACE.sample(7, seed=0)]
STEP_COUNT = int(os.environ.get("EDGEPROF_FAILURE_STEPS", "300"))
PLANS = [MeasurementPlan(), MeasurementPlan(timed_duration_ms=5.0)]
KILLS = ("killed before", "killed after", "killed stored", "killed failed")
OTHER_KINDS = ("silent before", "silent after", *KILLS, "unreadable", "none")
DISTURBANCES = st.one_of(
    st.sampled_from(OTHER_KINDS).map(Disturbance),
    st.builds(
        Disturbance, st.sampled_from(["fail", "refuse"]), st.sampled_from([name for name in ACTION_OF_REASON if name])
    ),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for text in TEXTS:
        export_architecture(SPACE, SPACE.parse(text), folder)
    return folder


class World:
    """A store, a device, and the command that is started again and again."""

    def __init__(self, store: Store, models: Path, texts: Sequence[str] = tuple(TEXTS)) -> None:
        self.texts = texts
        self.store = store
        self.models = models
        self.client = ScriptedClient()
        self.plan = PLANS[0]
        self.number = 0
        self.probes: list[Probe] = []

    def raise_from(self, *disturbances: Disturbance) -> None:
        """Start the command, and let through what it raises."""
        self.client.disturbances = list(disturbances)
        client: Any = self.client
        with self.store.session(PLATFORM, SPACE.name, self.number, purpose="test") as record:
            self.record = record
            session = MeasurementSession(client, PLATFORM, self.store, record, plan=self.plan, model_folder=self.models)
            if not session.probes():
                session.plan(self.texts)
            try:
                session.converge()
                session.end()
            finally:
                self.probes = session.probes()

    def command(self, *disturbances: Disturbance) -> bool:
        """Start the command; whether it came to its end."""
        try:
            self.raise_from(*disturbances)
        except (EdgeprofError, HostKilledError):
            assert len(self.client.disturbances) < len(disturbances), "it ended although nothing was in its way"
            return False
        return True


def measured_counts(probes: list[Probe]) -> Counter[str]:
    return Counter(probe.architecture for probe in probes if probe.measurement and not probe.is_anchor_check)


def assert_nothing_lost_and_nothing_twice(world: World) -> None:
    in_order = sorted(world.probes, key=lambda probe: probe.sequence)
    anchor = next((probe.architecture for probe in in_order if probe.measurement), "")
    for text, count in measured_counts(world.probes).items():
        assert count <= (1 if text == anchor else 2), "measured more often than its estimate needs"
    attempts = [attempt for probe in world.probes for attempt in probe.attempts]
    stored = {attempt.job_id for attempt in attempts if attempt.sequence and attempt.reason is None}
    assert all(world.store.measurement(job_id) is not None for job_id in stored)
    # What the device has measured is in the store or will be asked for again; but for what could not be read.
    accounted = stored | {attempt.job_id for attempt in attempts if attempt.sequence is None}
    accounted |= {attempt.job_id for attempt in attempts if attempt.reason == "UnreadableAnswerError"}
    own = {job_id for job_id in world.client.results if any(job_id == attempt.job_id for attempt in attempts)}
    # A job that asked for something else belongs to no attempt any more; its result is kept as a measurement.
    replaced = {attempt.job_id for attempt in attempts if attempt.reason == "ERROR_REASON_JOB_CONFLICT"}
    accounted |= {job_id for job_id in replaced if world.store.measurement(job_id) is not None}
    assert own <= accounted


def assert_complete(world: World) -> None:
    """Every network is measured, unless what failed was its own fault."""
    counts = measured_counts(world.probes)
    for text in world.texts:
        own = [probe for probe in world.probes if probe.architecture == text and not probe.is_anchor_check]
        assert counts[text] > 0 or any(probe.state == "failed" for probe in own), f"{text} is lost"
        assert len(own) <= MAX_MEASUREMENT_COUNT
    assert all(probe.state != "planned" for probe in world.probes)


def assert_failures_are_acknowledged(world: World) -> None:
    attempts = {attempt.job_id for probe in world.probes for attempt in probe.attempts}
    failed = {job_id for job_id in attempts & set(world.client.jobs) if job_id not in world.client.results}
    assert failed <= world.client.acknowledged


def test_whatever_failed_the_same_command_makes_progress_once_it_is_mended(models: Path, tmp_path: Path) -> None:
    counts = Counter[str]()

    class Commands(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            counts["stores"] += 1
            self.world = World(Store(tmp_path / f"{counts['stores']}.sqlite3"), models)

        @rule(disturbances=st.lists(DISTURBANCES, min_size=1, max_size=8), plan=st.sampled_from(PLANS))
        def disturb(self, disturbances: list[Disturbance], plan: MeasurementPlan) -> None:
            self.world.plan = plan
            if self.world.command(*disturbances):
                assert_complete(self.world)

        @rule()
        def mend(self) -> None:
            assert self.world.command(), "it does not come to its end although nothing is in its way"
            assert_complete(self.world)
            assert_failures_are_acknowledged(self.world)

        @invariant()
        def keep(self) -> None:
            assert_nothing_lost_and_nothing_twice(self.world)

        def teardown(self) -> None:
            self.mend()
            self.world.store.close()
            counts["measurements asked for"] += self.world.client.call_count

    step_settings = settings(
        deadline=None,
        max_examples=max(STEP_COUNT // 150, 1),
        stateful_step_count=15,
        suppress_health_check=list(HealthCheck),
        # Without shrinking: on a store on disk it takes minutes.
        phases=[Phase.explicit, Phase.generate],
        database=None,
        derandomize=True,
    )
    run_state_machine_as_test(Commands, settings=step_settings)
    print(dict(counts))


@pytest.fixture
def world(models: Path, tmp_path: Path) -> Iterator[World]:
    with Store(tmp_path / "store.sqlite3") as store:
        yield World(store, models)


@pytest.mark.parametrize("kind", ["fail", "refuse"])
@pytest.mark.parametrize("action", FailureAction)
def test_each_reason_leads_to_its_action(world: World, kind: str, action: FailureAction) -> None:
    world.texts = TEXTS[:2]
    for reason in [name for name, its_action in ACTION_OF_REASON.items() if name and its_action is action]:
        check_reason(world, kind, reason)


def check_reason(world: World, kind: str, reason: str) -> None:
    action = ACTION_OF_REASON[reason]
    assert world.command(Disturbance(kind, reason)) is (action not in (FailureAction.STOP, FailureAction.DETACH))
    assert world.command()
    # All before belongs to sessions that have ended.
    assert world.command(*[Disturbance(kind, reason)] * 2) is (
        action in (FailureAction.SKIP, FailureAction.RETRY_THEN_SKIP)
    )
    is_skipped = action in (FailureAction.SKIP, FailureAction.RETRY_THEN_SKIP)
    assert (world.probes[0].state == "failed") is is_skipped
    assert world.command()


def test_a_failure_is_stored_before_it_is_acknowledged(world: World) -> None:
    stored: dict[str, str | None] = {}

    def look_up(job_ids: list[str]) -> None:
        attempts = [attempt for probe in world.store.probes(world.record) for attempt in probe.attempts]
        stored.update({attempt.job_id: attempt.reason for attempt in attempts if attempt.job_id in job_ids})

    world.client.on_acknowledge = look_up
    assert world.command(Disturbance("fail", "ERROR_REASON_RUN_FAILED"))
    failed, *_ = world.probes[0].attempts
    assert stored[failed.job_id] == "ERROR_REASON_RUN_FAILED"


def test_a_failure_that_was_stored_and_not_acknowledged_is_acknowledged_by_the_same_command(world: World) -> None:
    assert not world.command(Disturbance("killed failed"))
    assert world.client.acknowledged == set()
    assert world.command()
    assert [attempt.reason for attempt in world.probes[0].attempts] == ["ERROR_REASON_RUN_FAILED", None]
    assert_failures_are_acknowledged(world)


def test_a_cancelled_job_is_asked_for_anew_by_the_same_command(world: World) -> None:
    with pytest.raises(JobCancelledError, match="the same command goes on"):
        world.raise_from(Disturbance("fail", "ERROR_REASON_CANCELLED"))
    assert world.command()
    assert [attempt.reason for attempt in world.probes[0].attempts] == ["ERROR_REASON_CANCELLED", None]


def test_an_attempt_that_the_device_may_still_be_at_is_attached_to(world: World) -> None:
    assert not world.command(Disturbance("silent after"))
    world.plan = PLANS[1]
    assert world.command()
    (attempt,) = world.probes[0].attempts
    # It asks for what it asked for before the plan was changed.
    assert attempt.request is not None and attempt.request.plan == PLANS[0]
    request = world.probes[1].attempts[0].request
    assert request is not None and request.plan == PLANS[1]


def test_a_result_is_taken_though_the_device_takes_no_more_jobs(world: World) -> None:
    assert not world.command(Disturbance("killed after"))
    assert world.command(Disturbance("refuse", "ERROR_REASON_DISK_FULL"))
    (attempt,) = world.probes[0].attempts
    assert attempt.reason is None


def test_networks_are_innocent_where_the_device_was_at_fault(world: World) -> None:
    broken = [Disturbance("fail", "ERROR_REASON_MODEL_REJECTED")] * MAX_FAILURE_COUNT
    with pytest.raises(OnboardingError, match=r"5 networks in a row failed .* Mend the device"):
        world.raise_from(*broken)
    assert world.command()
    assert measured_counts(world.probes).keys() == set(TEXTS)


def test_a_device_that_stays_broken_gets_through_its_networks(world: World) -> None:
    broken = [Disturbance("fail", "ERROR_REASON_MODEL_REJECTED")] * MAX_FAILURE_COUNT
    run_count = 0
    while not world.command(*broken):
        run_count += 1
        assert run_count < len(TEXTS)
    assert all(probe.state == "failed" for probe in world.probes)
