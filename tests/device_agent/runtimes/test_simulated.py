import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from device_agent.models.onnx_models import fixed_to
from onnx import TensorProto

from edgeprof_agent.errors import ModelRejectedError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.latency_model import NodeKind, SimulatedDeviceModel
from edgeprof_agent.runtimes.simulated import SLEEP_MS, SimulatedRuntime
from edgeprof_agent.runtimes.simulated_nodes import read_nodes, true_latency_ms
from edgeprof_agent.runtimes.simulation_config import Fault, FaultKind, Heat, SimulationConfig, kept_graphs
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.validation import RecordError

SETTING = Setting(runtime="simulated")
WriteConvolutions = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def config_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "device.json"
    monkeypatch.setenv("EDGEPROF_SIMULATION", str(path))
    SimulationConfig().write(path)
    return path


@pytest.fixture
def model_path(tmp_path: Path, write_convolutions: WriteConvolutions) -> Path:
    return write_convolutions(tmp_path / "model.onnx")


class TestSimulatedRuntime(RuntimeContract):
    @pytest.fixture(autouse=True)
    def _models(self, write_convolutions: WriteConvolutions) -> None:
        self._write = write_convolutions

    def make_runtime(self) -> SimulatedRuntime:
        return SimulatedRuntime()

    def write_model(self, folder: Path) -> Path:
        return self._write(folder / "model.onnx")

    def write_fixed_model(self, folder: Path) -> Path:
        return fixed_to(3, self._write(folder / "model.onnx"))

    def known_node_count(self) -> int:
        return 7


def _load(model_path: Path, setting: Setting = SETTING) -> LoadedModel:
    return SimulatedRuntime().load(model_path, setting, input_seed=0)


def _run(model: LoadedModel, run_count: int) -> list[float]:
    latencies_ms = []
    for _ in range(run_count):
        start_ns = model.clock()
        model.run_once()
        latencies_ms.append((model.clock() - start_ns) / 1e6)
    return latencies_ms


def test_a_real_device_does_not_list_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEPROF_SIMULATION")
    assert SimulatedRuntime().describe() is None


def test_the_nodes_of_a_graph_are_told_apart_by_kind_and_counted(model_path: Path) -> None:
    nodes = read_nodes(model_path, batch_size=2)
    assert [node.kind for node in nodes] == [
        NodeKind.CONVOLUTION,
        NodeKind.ELEMENTWISE,
        NodeKind.GROUPED,
        NodeKind.POINTWISE,
        NodeKind.POOL,
        NodeKind.MOVE,
        NodeKind.DENSE,
    ]
    images, pixels = 2, 16 * 16
    assert [node.flop_count for node in nodes] == [
        2 * images * pixels * 8 * 3 * 9,
        images * pixels * 8,
        2 * images * pixels * 8 * 9,
        2 * images * pixels * 8 * 16,
        images * pixels * 16,
        0,
        2 * images * 16 * 10,
    ]


def test_without_noise_every_warm_run_takes_the_true_latency(config_path: Path, model_path: Path) -> None:
    SimulationConfig(seed=7, noise_relative_sd=0.0, warmup_run_count=0).write(config_path)
    truth_ms = true_latency_ms(model_path, SETTING, seed=7)
    assert _run(_load(model_path), 3) == pytest.approx([truth_ms] * 3, abs=1e-6)


def test_the_first_runs_are_slower_by_what_the_configuration_says(config_path: Path, model_path: Path) -> None:
    SimulationConfig(noise_relative_sd=0.0, warmup_run_count=2, warmup_slowdown=3.0).write(config_path)
    truth_ms = true_latency_ms(model_path, SETTING, seed=0)
    assert _run(_load(model_path), 4) == pytest.approx([3 * truth_ms, 2 * truth_ms, truth_ms, truth_ms], rel=1e-3)


def test_the_median_of_noisy_runs_finds_the_truth(config_path: Path, model_path: Path) -> None:
    SimulationConfig(noise_relative_sd=0.05).write(config_path)
    latencies_ms = _run(_load(model_path), 500)
    assert statistics.median(latencies_ms) == pytest.approx(true_latency_ms(model_path, SETTING, seed=0), rel=0.01)
    assert statistics.stdev(latencies_ms[10:]) / statistics.median(latencies_ms) == pytest.approx(0.05, rel=0.2)


def test_a_clock_of_whole_milliseconds_shows_whole_milliseconds_and_never_none(
    config_path: Path, model_path: Path
) -> None:
    SimulationConfig(resolution_ms=1.0).write(config_path)
    assert set(_run(_load(model_path), 20)) == {1.0}
    large = _load(model_path, Setting(runtime="simulated", batch_size=100))
    assert all(latency_ms == round(latency_ms) > 1 for latency_ms in _run(large, 20))


def test_threads_precision_and_batch_change_the_truth(model_path: Path) -> None:
    seed = 2  # a small processor, on which arithmetic decides

    def truth_ms(**changes: object) -> float:
        setting = {"runtime": "simulated", "batch_size": 16} | changes
        return true_latency_ms(model_path, Setting(**setting), seed=seed)  # type: ignore[arg-type]

    assert truth_ms(thread_count=2) < truth_ms()
    assert truth_ms(thread_count=64) == truth_ms(thread_count=SimulatedDeviceModel.from_seed(seed).core_count)
    assert truth_ms(precision="int8") != truth_ms()
    assert truth_ms(provider="accelerator") != truth_ms()
    assert truth_ms(batch_size=32) > truth_ms()


def test_a_graph_is_read_once_for_each_batch_and_anew_where_what_was_kept_is_damaged(
    config_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SimulationConfig(noise_relative_sd=0.0).write(config_path)
    latencies_ms = _run(_load(model_path), 3)
    with monkeypatch.context() as patch:
        patch.setattr("onnx.load", lambda *_, **__: pytest.fail("it is read again"))
        assert _run(_load(model_path), 3) == latencies_ms
        with pytest.raises(pytest.fail.Exception):
            _load(model_path, Setting(runtime="simulated", batch_size=2))
    (kept,) = kept_graphs(config_path).iterdir()
    kept.write_text("{")
    assert _run(_load(model_path), 3) == latencies_ms
    assert kept.read_text() != "{"


def test_the_seed_makes_the_device() -> None:
    assert SimulatedDeviceModel.from_seed(1) == SimulatedDeviceModel.from_seed(1)
    assert SimulatedDeviceModel.from_seed(1) != SimulatedDeviceModel.from_seed(2)


def test_a_hot_device_slows_down_and_says_so(config_path: Path, model_path: Path) -> None:
    truth_ms = true_latency_ms(model_path, SETTING, seed=0)
    heat = Heat(saturation_ms=10 * truth_ms, slowdown=2.0)
    SimulationConfig(noise_relative_sd=0.0, warmup_run_count=0, heat=heat).write(config_path)
    model = _load(model_path)
    cold = model.read_conditions()
    latencies_ms = _run(model, 60)
    hot = model.read_conditions()
    assert latencies_ms[0] == pytest.approx(truth_ms, rel=1e-3)
    assert latencies_ms[-1] == pytest.approx(2 * truth_ms, rel=1e-3)
    assert cold.throttling_flags == () and hot.throttling_flags == ("throttled",)
    assert hot.core_frequencies_mhz[0] == cold.core_frequencies_mhz[0] / 2


def test_a_device_cools_between_jobs_by_its_share(config_path: Path, model_path: Path) -> None:
    heat = Heat(saturation_ms=1.0, cooling_share=1.0)
    SimulationConfig(heat=heat).write(config_path)
    model = _load(model_path)
    _run(model, 100)
    assert model.read_conditions().temperatures[0].temperature_celsius > 80.0
    model.close()
    assert _load(model_path).read_conditions().temperatures[0].temperature_celsius == 40.0


def test_a_model_can_be_rejected_on_demand(config_path: Path, model_path: Path) -> None:
    SimulationConfig(faults=(Fault(kind=FaultKind.REJECT_MODEL, job_count=1),)).write(config_path)
    with pytest.raises(ModelRejectedError):
        _load(model_path)
    _load(model_path)


def test_an_open_dimension_beyond_the_first_is_rejected_by_name(
    tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    path = write_model(tmp_path / "model.onnx", shape=("batch", "width"), element_type=TensorProto.FLOAT)
    with pytest.raises(ModelRejectedError, match=r"leaves dimension 1 \(width\) open"):
        _load(path)


def test_a_configuration_survives_its_file() -> None:
    config = SimulationConfig(
        seed=5, heat=Heat(saturation_ms=1.0), faults=(Fault(kind=FaultKind.HANG, at_run=3, job_count=2),)
    )
    assert from_json(SimulationConfig, to_json(config)) == config


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"noise_relative_sd": -0.1}, "noise_relative_sd must be 0 to 5, got -0.1"),
        ({"noise_relative_sd": 1e9}, "noise_relative_sd must be 0 to 5"),
        ({"resolution_ms": float("nan")}, "resolution_ms must be 0 to"),
        ({"warmup_run_count": 10**12}, "warmup_run_count must be 0 to 2147483647"),
        ({"heat": {"saturation_ms": 1.0, "slowdown": float("inf")}}, "heat.slowdown must be 1 to 1000000"),
        ({"warmup_slowdown": 0.5}, "warmup_slowdown must be 1 to 1000000, got 0.5"),
        ({"heat": {"saturation_ms": 0.0}}, "heat.saturation_ms must be 1e-06 to"),
        ({"heat": {"saturation_ms": 1.0, "slowdown": 0.5}}, "heat.slowdown must be 1 to"),
        ({"heat": {"saturation_ms": 1.0, "cooling_share": 2.0}}, "heat.cooling_share must be 0 to 1"),
        ({"faults": [{"kind": "crash", "at_run": 0}]}, "fault.at_run must be 1 to"),
        ({"faults": [{"kind": "crash", "job_count": 0}]}, "fault.job_count must be 1 to"),
        ({"faults": [{"kind": "explode"}]}, "must be one of crash, hang, fail_run, reject_model"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(fields: dict[str, object], text: str) -> None:
    with pytest.raises(RecordError, match=text):
        from_json(SimulationConfig, fields)


@pytest.mark.parametrize("head", [b"\x1c\0\0\0TFL3", b"7767517\n", b'<net name="x">'])
def test_a_model_of_any_format_takes_a_time_by_its_size(head: bytes, tmp_path: Path) -> None:
    small, large = tmp_path / "small.x", tmp_path / "large.x"
    small.write_bytes(head + bytes(40_000))
    large.write_bytes(head + bytes(100_000))
    (tmp_path / "small.bin").write_bytes(bytes(20_000))
    times_ms = [true_latency_ms(path, SETTING, seed=0) for path in (small, large)]
    assert 0 < times_ms[0] < times_ms[1]
    assert statistics.median(_run(_load(small), 50)) == pytest.approx(times_ms[0], rel=0.2)


def test_runs_take_their_time_where_that_is_asked_for(config_path: Path, model_path: Path) -> None:
    SimulationConfig(takes_time=True, noise_relative_sd=0.0).write(config_path)
    model, begin_s, virtual_ms = _load(model_path), time.monotonic(), 0.0
    while virtual_ms < 300.0:
        virtual_ms += _run(model, 1)[0]
    # All but what is not slept yet.
    assert 1_000 * (time.monotonic() - begin_s) > virtual_ms - SLEEP_MS
