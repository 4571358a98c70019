"""`edgeprof.benchmark_table` from Python: models by runtime on a real agent."""

from collections.abc import Callable
from pathlib import Path

import pytest
from factories import model_of

import edgeprof
from edgeprof.errors import AgentUnavailableError, EdgeprofError, InvalidArgumentError, ModelFileError
from edgeprof.store import Store
from edgeprof.testing import Fault, FaultKind, SimulatedDevice, SimulationConfig
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job import JobEvent, JobState
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SPACE = get_space("nasbench201")
SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)
SIMULATED, ONNXRUNTIME = Setting(runtime="simulated"), Setting(runtime="onnxruntime")
MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
"""


pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two ONNX models, of which the second is slower, and one for ncnn."""
    folder = tmp_path / "folder"
    for name, operator in (("a.onnx", "nor_conv_1x1"), ("b.onnx", "nor_conv_3x3")):
        text = f"|{operator}~0|+|none~0|{operator}~1|+|skip_connect~0|none~1|{operator}~2|"
        model_of(SPACE, SPACE.parse(text), folder / name)
    (folder / "c.param").write_text("7767517\n1 1\nInput in 0 1 in 0=8\n")
    (folder / "c.bin").write_bytes(b"")
    return folder


def test_a_folder_is_measured_by_each_runtime_and_ordered(
    shared_device: SimulatedDevice, folder: Path, own_edgeprof_folders: Path
) -> None:
    with edgeprof.connect(shared_device.address) as client:
        table = edgeprof.benchmark_table(client, folder, [SIMULATED, ONNXRUNTIME], plan=SHORT)
        assert all(job.acknowledge_time is not None for job in client.jobs())
    measured = [row for row in table.rows if row.result is not None]
    assert {(row.name, row.setting.runtime) for row in measured} >= {
        (name, runtime) for name in ("a.onnx", "b.onnx") for runtime in ("simulated", "onnxruntime")
    }
    assert [row.median_ms for row in measured] == sorted(row.median_ms or 0.0 for row in measured)
    by_simulation = [row for row in measured if row.setting.runtime == "simulated" and row.name != "c.param"]
    assert [row.name for row in by_simulation] == ["a.onnx", "b.onnx"]
    (refused,) = [row for row in table.rows if row.is_refused]
    assert (refused.name, refused.setting.runtime) == ("c.param", "onnxruntime")
    assert "onnxruntime reads onnx" in refused.failure
    with Store() as store:
        for row in measured:
            assert row.result is not None
            assert store.measurement(row.result.job_id) == row.result.measurement


def test_without_a_setting_each_model_runs_by_what_reads_it(shared_device: SimulatedDevice, folder: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        table = edgeprof.benchmark_table(client, str(folder), plan=SHORT)
    runtimes = {row.name: row.setting.runtime for row in table.rows}
    assert runtimes == {"a.onnx": "onnxruntime", "b.onnx": "onnxruntime", "c.param": "simulated"}


def test_a_failed_measurement_is_a_row_and_the_others_go_on(
    make_simulated_device: Callable[[SimulationConfig], SimulatedDevice], folder: Path
) -> None:
    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=FaultKind.FAIL_RUN, at_run=2, job_count=1),)))
    with edgeprof.connect(device.address) as client:
        table = edgeprof.benchmark_table(client, [folder / "a.onnx", folder / "b.onnx"], SIMULATED, plan=SHORT)
    assert [(row.name, row.failure == "", row.is_refused) for row in table.rows] == [
        ("b.onnx", True, False),
        ("a.onnx", False, False),
    ]


def test_what_cannot_run_at_all_is_said_before_anything_is_measured(
    simulated_device: SimulatedDevice, folder: Path
) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        # Named, it must run; found in a folder, it may be left out.
        with pytest.raises(ModelFileError, match=r"c\.param.*onnxruntime reads onnx"):
            edgeprof.benchmark_table(client, [folder / "a.onnx", folder / "c.param"], ONNXRUNTIME, plan=SHORT)
        settings = [ONNXRUNTIME, Setting(runtime="nothing")]
        with pytest.raises(
            ModelFileError, match=r"c\.param can run in none of the settings .*: onnxruntime: .*; nothing"
        ):
            edgeprof.benchmark_table(client, folder / "c.param", settings, plan=SHORT)
        for name in ("a.onnx", "b.onnx"):
            (folder / name).unlink()
        with pytest.raises(ModelFileError, match=r"c\.param.*onnxruntime reads onnx"):
            edgeprof.benchmark_table(client, folder, ONNXRUNTIME, plan=SHORT)
        assert list(client.jobs()) == []


def test_a_torch_module_is_exported_for_each_runtime(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    source, shapes = f"{tmp_path / 'net.py'}:make", {"input": (1, 3, 16, 16)}
    with edgeprof.connect(shared_device.address) as client:
        table = edgeprof.benchmark_table(
            client,
            source,
            [ONNXRUNTIME, Setting(runtime="onnxruntime", precision="int8"), Setting(runtime="none")],
            plan=SHORT,
            input_shapes=shapes,
        )
        measured = [row.result.measurement for row in table.rows if row.result is not None]
        assert {item.setting.precision for item in measured} == {"float32", "int8"}
        assert {item.inputs[0].sizes for item in measured} == {(1, 3, 16, 16)}
        assert {row.name for row in table.rows} == {"net.py:make"}
        assert "none" in table.rows[-1].failure
        alone = edgeprof.benchmark(client, source, setting=ONNXRUNTIME, plan=SHORT, input_shapes=shapes)
        (float32,) = [item for item in measured if item.setting.precision == "float32"]
        # The same weights make the same file, which the device has already.
        assert alone.measurement.model_sha256 == float32.model_sha256
        with pytest.raises(EdgeprofError, match="nothing tells the inputs of the module") as raised:
            edgeprof.benchmark_table(client, [source], [ONNXRUNTIME, SIMULATED], plan=SHORT)
        assert str(raised.value).count("nothing tells") == 1


class Interrupting(edgeprof.TableListener):
    """Presses Ctrl-C in the second measurement."""

    def __init__(self) -> None:
        self.rows: list[edgeprof.BenchmarkRow] = []

    def on_job_event(self, event: JobEvent) -> None:
        if self.rows and event.event is JobState.RUNNING:
            raise KeyboardInterrupt

    def on_row(self, row: edgeprof.BenchmarkRow) -> None:
        self.rows.append(row)


def test_ctrl_c_keeps_what_is_measured(simulated_device: SimulatedDevice, folder: Path) -> None:
    listener = Interrupting()
    with edgeprof.connect(simulated_device.address) as client, Store() as store:
        with pytest.raises(KeyboardInterrupt, match="cancelled on the device; 1 before it are in the store"):
            edgeprof.benchmark_table(client, folder, SIMULATED, plan=SHORT, listener=listener, store=store)
        (row,) = listener.rows
        assert row.result is not None
        assert store.measurement(row.result.job_id) == row.result.measurement
        assert sorted(job.state for job in client.jobs()) == sorted([JobState.CANCELLED, JobState.SUCCEEDED])


class Killing(edgeprof.TableListener):
    """Ends the device after the first row."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device

    def on_row(self, row: edgeprof.BenchmarkRow) -> None:
        self._device.kill()


def test_a_device_that_is_gone_ends_the_table(simulated_device: SimulatedDevice, folder: Path) -> None:
    with (
        edgeprof.DeviceClient(simulated_device.address, patience_s=1.0) as client,
        pytest.raises(AgentUnavailableError),
    ):
        listener = Killing(simulated_device)
        edgeprof.benchmark_table(client, folder, SIMULATED, plan=SHORT, listener=listener)


def test_models_of_one_name_are_told_apart_and_one_model_counts_once(
    shared_device: SimulatedDevice, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "a.onnx"
    other.parent.mkdir()
    other.write_bytes((folder / "b.onnx").read_bytes())
    models = [folder / "a.onnx", other, str(folder / "a.onnx")]
    candidate = edgeprof.Candidate(name="mine", model=other, setting=Setting(runtime="simulated", precision="int8"))
    with edgeprof.connect(shared_device.address) as client:
        table = edgeprof.benchmark_table(client, [*models, candidate], SIMULATED, plan=SHORT)
    assert sorted(row.name for row in table.rows) == sorted([str(folder / "a.onnx"), str(other), "mine"])


def test_each_model_is_given_the_shapes_that_it_knows(
    shared_device: SimulatedDevice, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    models, shapes = [folder / "a.onnx", f"{tmp_path / 'net.py'}:make"], {"input": (1, 3, 16, 16)}
    with edgeprof.connect(shared_device.address) as client:
        table = edgeprof.benchmark_table(client, models, SIMULATED, plan=SHORT, input_shapes=shapes)
        assert [row.failure for row in table.rows] == ["", ""]
        with pytest.raises(
            InvalidArgumentError, match=r"given for 'other', and no model has .*; they have: image, input"
        ):
            edgeprof.benchmark_table(client, models, SIMULATED, plan=SHORT, input_shapes={**shapes, "other": (1,)})
        with pytest.raises(ModelFileError, match=r"is a Python file: name what makes the torch module .*net\.py:make"):
            edgeprof.benchmark_table(client, [folder, tmp_path / "net.py"], SIMULATED, plan=SHORT)
