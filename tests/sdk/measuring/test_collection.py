"""Results that were left on a device, brought into the store later."""

import dataclasses
from pathlib import Path

from factories import model_of

import edgeprof
from edgeprof.devices.model_files import file_sha256
from edgeprof.measuring.collection import collect_results
from edgeprof.store import MeasurementRequest, Store
from edgeprof.store.platform import resolve_platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan

SPACE = get_space("nasbench201")
SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)


def test_a_result_is_filed_under_what_ran_and_not_under_what_the_device_is_today(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    model = model_of(SPACE, SPACE.sample(1, seed=0)[0])
    setting = shared_device.setting
    with edgeprof.connect(shared_device.address) as client, Store(tmp_path / "store.sqlite3") as store:
        device = client.device()
        measured_on = resolve_platform(device, setting)
        left = client.measure(model, setting, job_id="left", plan=SHORT)
        # Meanwhile the runtime was updated, and prefers another provider.
        (runtime,) = [item for item in device.runtimes if item.name == setting.runtime]
        newer = dataclasses.replace(runtime, version="2", providers=runtime.providers[::-1])
        today = dataclasses.replace(device, runtimes=(newer,))
        assert resolve_platform(today, setting).key != measured_on.key
        assert collect_results(client, today, store) == 1
        assert store.measurements(measured_on) == [left]
        assert store.measurements(resolve_platform(today, setting)) == []


def test_a_collected_result_of_a_session_is_not_measured_again(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    model = model_of(SPACE, SPACE.sample(1, seed=0)[0])
    with edgeprof.connect(shared_device.address) as client, Store(tmp_path / "store.sqlite3") as store:
        device = client.device()
        platform = resolve_platform(device, shared_device.setting)
        session = store.resume_or_begin_session(platform, SPACE.name, 0, purpose="test")
        store.plan_probes(session, ["a"])
        request = MeasurementRequest(setting=platform.setting, plan=SHORT)
        attempt = store.begin_attempt(session, store.probes(session)[0], request)
        # The host of the session ended here; a benchmark collects what it left.
        left = client.measure(model, request.setting, job_id=attempt.job_id, plan=SHORT)
        assert collect_results(client, device, store) == 1
        (probe,) = store.probes(session)
        assert (probe.state, probe.measurement) == ("measured", left)


def test_what_a_series_has_measured_is_collected_for_its_session(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    models = [model_of(SPACE, one) for one in SPACE.sample(2, seed=0)]
    with edgeprof.connect(shared_device.address) as client, Store(tmp_path / "store.sqlite3") as store:
        device = client.device()
        platform = resolve_platform(device, shared_device.setting)
        session = store.resume_or_begin_session(platform, "", 0, purpose="test")
        store.plan_probes(session, ["a", "b"])
        request = MeasurementRequest(setting=platform.setting, plan=SHORT)
        hashes = [file_sha256(model) for model in models]
        series_id = store.begin_series(session, list(zip(store.probes(session), hashes, strict=True)), request)
        left = client.measure_series(models, request.setting, job_id=series_id, plan=SHORT)
        assert collect_results(client, device, store) == 2
        assert [probe.measurement for probe in store.probes(session)] == [result.measurement for result in left]
        assert collect_results(client, device, store) == 0
