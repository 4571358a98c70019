"""Converted networks, measured by the engines that read them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import edgeprof
from edgeprof.devices.local_agent import local_agent
from edgeprof.measuring.session import MeasurementSession
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SPACE = get_space("nasbench201")
TEXTS = [SPACE.format(item) for item in SPACE.sample(2, seed=2)]
SHORT = MeasurementPlan(warmup_run_count=3, warmup_duration_ms=1.0, timed_run_count=10, timed_duration_ms=1.0)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_agent(tmp_path_factory.mktemp("agent")) as found:
        yield found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("runtime", "precision"), [("litert", "float32"), ("litert", "int8"), ("ncnn", "float32"), ("ncnn", "bfloat16")]
)
def test_networks_are_measured(runtime: str, precision: str, address: str, tmp_path: Path) -> None:
    setting = Setting(runtime=runtime, precision=precision)
    with edgeprof.connect(address) as client, Store(tmp_path / "store.sqlite3") as store:
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
        assert probe.measurement.setting.precision == precision
