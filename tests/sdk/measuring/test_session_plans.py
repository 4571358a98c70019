"""How long a session measures: briefly twice, and longer where the two do not agree."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from factories import PLATFORM, measurement_of
from sdk.measuring.scripted_client import Disturbance, ScriptedClient

from edgeprof.measuring.next_step import MAX_MEASUREMENT_COUNT
from edgeprof.measuring.session import MeasurementSession
from edgeprof.store import Store
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement

SPACE = get_space("nasbench201")
TEXTS = [SPACE.format(item) for item in SPACE.sample(3, seed=0)]
PLAN, REPEAT_PLAN = MeasurementPlan(timed_duration_ms=500.0), MeasurementPlan(timed_duration_ms=2_500.0)


class BusyClient(ScriptedClient):
    """Takes a fifth longer for the second network whenever it is asked for it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts = Counter[str]()

    def _outcome(self, model: Path, now: Disturbance) -> Measurement | str:
        self.counts[model.name] += 1
        is_busy = list(self.counts).index(model.name) == 1
        latency_ms = 1.2 ** self.counts[model.name] if is_busy else 1.0
        return measurement_of(latency_ms, latency_ms, block_count=5)


def test_only_networks_whose_measurements_disagree_are_measured_longer(tmp_path: Path) -> None:
    client: Any = BusyClient()
    with Store(tmp_path / "store.sqlite") as store, store.session(PLATFORM, SPACE.name, 0, purpose="test") as record:
        session = MeasurementSession(
            client, PLATFORM, store, record, plan=PLAN, repeat_plan=REPEAT_PLAN, model_folder=tmp_path / "models"
        )
        session.plan(TEXTS)
        session.converge()
        plans = defaultdict(list)
        for probe in session.probes():
            assert probe.attempts[0].request is not None
            name = "anchor" if probe.is_anchor_check else probe.architecture
            plans[name].append(probe.attempts[0].request.plan)
    assert plans[TEXTS[1]] == [PLAN, PLAN, *[REPEAT_PLAN] * (MAX_MEASUREMENT_COUNT - 2)]
    assert plans[TEXTS[2]] == [PLAN, PLAN]
    assert set(plans["anchor"]) == {PLAN}
