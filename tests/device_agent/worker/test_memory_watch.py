"""Memory of runtime and model: in a real worker, under confinement, and on systems that tell less."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from device_agent.runtimes.confined import measure_confined, measurement_of
from onnx import TensorProto, helper, numpy_helper

from edgeprof_agent.worker.memory_watch import MemoryWatch
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import MemoryUse

MIB = 1 << 20


def _perceptron(width: int, rows: int) -> bytes:
    """Two square matrices of weights, and three values of `rows` by `width` on the way."""
    random = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(random.random((width, width), dtype=np.float32), name) for name in ("first", "second")
    ]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "first"], ["hidden"]),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("MatMul", ["active", "second"], ["y"]),
        ],
        "perceptron",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (rows, width))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (rows, width))],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_weights_and_activations_are_the_models_and_the_engine_is_not(runtime: str, tmp_path: Path) -> None:
    pytest.importorskip(runtime)
    small, large = (
        measurement_of(measure_confined(_perceptron(*sizes), Setting(runtime=runtime), tmp_path / str(sizes)))
        for sizes in ((16, 1), (1024, 4096))
    )
    for measurement in (small, large):
        use, peak = measurement.memory_use, measurement.peak_memory_bytes
        assert use is not None and peak is not None
        assert use.runtime_bytes and use.runtime_bytes > 10 * MIB
        assert use.before_engine_bytes and use.engine_loaded_bytes and use.model_loaded_bytes and use.run_peak_bytes
        steps = (use.before_engine_bytes, use.engine_loaded_bytes, use.model_loaded_bytes, use.run_peak_bytes)
        assert list(steps) == sorted(steps)
        assert peak >= use.run_peak_bytes
    assert small.memory_use and large.memory_use and small.memory_use.model_bytes and large.memory_use.model_bytes
    assert abs(small.memory_use.runtime_bytes / large.memory_use.runtime_bytes - 1) < 0.1
    # 8 MiB of weights, 16 MiB each of input and output, and one of the values between them at least.
    assert 50 * MIB < large.memory_use.model_bytes - small.memory_use.model_bytes < 200 * MIB


def test_what_reading_and_loading_took_for_a_moment_is_no_part_of_the_runs() -> None:
    watch = MemoryWatch()
    watch.note_before_engine()
    watch.note_engine()
    passing = bytearray(64 * MIB)
    del passing
    watch.note_model()
    use, peak = watch.use(), watch.peak_bytes()
    assert use is not None and use.run_peak_bytes is not None and use.model_loaded_bytes is not None and peak
    assert use.run_peak_bytes < use.model_loaded_bytes + 8 * MIB
    assert peak > use.run_peak_bytes + 48 * MIB


@pytest.fixture
def told(tmp_path: Path) -> Callable[[int, int], Path]:
    """Writes what a kernel tells of this process, in MiB, that takes the order to reset the peak and ignores it."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/clear_refs").touch()

    def tell(resident: int, peak: int) -> Path:
        text = f"Name:\tpython\nVmHWM:\t{peak * 1024} kB\nVmRSS:\t{resident * 1024} kB\n"
        (tmp_path / "proc/self/status").write_text(text)
        return tmp_path

    return tell


def test_a_peak_that_cannot_be_reset_counts_for_the_runs_only_where_they_raised_it(
    told: Callable[[int, int], Path],
) -> None:
    watch = MemoryWatch(told(10, 10))
    watch.note_before_engine()
    told(30, 30)
    watch.note_engine()
    told(40, 90)
    watch.note_model()
    told(50, 90)
    assert watch.use() == MemoryUse(
        before_engine_bytes=10 * MIB, engine_loaded_bytes=30 * MIB, model_loaded_bytes=40 * MIB
    )
    told(50, 95)
    use = watch.use()
    assert use is not None and (use.runtime_bytes, use.model_bytes, watch.peak_bytes()) == (
        *(20 * MIB, 65 * MIB),
        95 * MIB,
    )


def test_a_system_that_tells_nothing_is_reported_as_telling_nothing(tmp_path: Path) -> None:
    watch = MemoryWatch(tmp_path)
    watch.note_before_engine()
    watch.note_engine()
    watch.note_model()
    assert watch.use() is None and watch.peak_bytes() is None
