"""Networks of a search space, exported for a setting and measured by an agent."""

from collections.abc import Sequence
from pathlib import Path

import edgeprof
from edgeprof.measuring.session import MeasurementSession
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

SHORT = MeasurementPlan(warmup_run_count=3, warmup_duration_ms=1.0, timed_run_count=10, timed_duration_ms=1.0)


def measured_networks(
    address: str, setting: Setting, space: SearchSpace, texts: Sequence[str], folder: Path
) -> list[Measurement]:
    """Measure networks in their order; each of them is there, in the precision that was asked for."""
    with edgeprof.connect(address) as client, Store(folder / "store.sqlite3") as store:
        platform = resolve_platform(client.device(), setting)
        with (
            store.session(platform, space.name, 0, purpose="test") as record,
            MeasurementSession(client, platform, store, record, plan=SHORT, model_folder=folder) as session,
        ):
            session.plan(texts)
            session.measure_planned()
            probes = session.measured_probes()
    assert [probe.architecture for probe in probes] == texts
    measurements = [probe.measurement for probe in probes if probe.measurement is not None]
    assert [item.setting.precision for item in measurements] == [setting.precision] * len(texts)
    return measurements
