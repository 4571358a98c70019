"""Networks in other precisions than float32, measured by an agent."""

from pathlib import Path

import pytest

import edgeprof
from edgeprof.measuring.session import MeasurementSession
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SPACE = get_space("nasbench201")
TEXTS = [
    f"|{operator}~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|" for operator in ("nor_conv_1x1", "avg_pool_3x3")
]
SHORT = MeasurementPlan(warmup_run_count=3, warmup_duration_ms=1.0, timed_run_count=10, timed_duration_ms=1.0)


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


def test_onnxruntime_measures_int8_networks(simulated_device: SimulatedDevice, tmp_path: Path) -> None:
    setting = Setting(runtime="onnxruntime", precision="int8")
    with edgeprof.connect(simulated_device.address) as client, Store(tmp_path / "store.sqlite3") as store:
        platform = resolve_platform(client.device(), setting)
        with (
            store.session(platform, SPACE.name, 0, purpose="test") as record,
            MeasurementSession(client, platform, store, record, plan=SHORT, model_folder=tmp_path) as session,
        ):
            session.plan(TEXTS)
            session.measure_planned()
            measured = session.measured_probes()
    assert [probe.architecture for probe in measured] == TEXTS
    for probe in measured:
        assert probe.measurement is not None
        assert probe.measurement.setting.precision == "int8"
        # Files for the nodes of a quantised graph ran, not those of the float32 one.
        assert probe.measurement.node_counts


def test_an_onboarding_in_int8_leaves_a_profile_of_its_own(simulated_device: SimulatedDevice, tmp_path: Path) -> None:
    setting = Setting(runtime="simulated", precision="int8")
    with edgeprof.connect(simulated_device.address) as client:
        onboarded = edgeprof.onboard(
            client,
            SPACE.name,
            setting=setting,
            goal=edgeprof.Goal(sample_count=4),
            output=tmp_path,
            store=tmp_path / "store.sqlite3",
            model_folder=tmp_path / "models",
        )
    assert onboarded.path is not None
    assert "_int8_" in onboarded.path.name
    assert onboarded.report.failures == ()
    # The networks of the samples, and of what seemed next at each step.
    assert len(list((tmp_path / "models").iterdir())) >= 4
