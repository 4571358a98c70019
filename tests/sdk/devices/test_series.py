"""A series: several models measured in one worker process, each told as soon as it is there."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import edgeprof
from edgeprof.errors import AgentTooOldError, ModelNotFoundError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job import Job, JobState, ModelResult
from edgeprof_proto.records.job_spec import JobKind, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import NodeCount

SHORT = MeasurementPlan(warmup_run_count=1, warmup_duration_ms=0.1, timed_run_count=4, timed_duration_ms=0.1)
ONNXRUNTIME = Setting(runtime="onnxruntime")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime", "openvino")


def write_product(folder: Path, name: str, size: int, *, kind: int = TensorProto.FLOAT) -> Path:
    """Write a matrix product; of texts, which no runtime multiplies, on request."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name=name)
    value = helper.make_tensor_value_info("x", kind, (size, size))
    weights = helper.make_tensor("w", kind, (size, size), [b"" if kind == TensorProto.STRING else 0.5] * size**2)
    graph = helper.make_graph([node], "g", [value], [helper.make_tensor_value_info("y", kind, (size, size))], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / f"{name}.onnx")
    return folder / f"{name}.onnx"


def test_models_are_measured_one_after_the_other_and_a_failure_ends_none_but_its_own(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    small, large = write_product(tmp_path, "small", 16), write_product(tmp_path, "large", 128)
    bad = write_product(tmp_path, "bad", 4, kind=TensorProto.STRING)
    told: list[ModelResult] = []
    with edgeprof.connect(shared_device.address) as client:
        results = client.measure_series(
            [small, bad, large, small],
            ONNXRUNTIME,
            job_id="series",
            plan=SHORT,
            wants_operators=True,
            wants_graph=True,
            on_result=told.append,
        )
        job = client.job("series")
        alone = client.measure(small, ONNXRUNTIME, job_id="alone", plan=SHORT)
        again = client.measure_series([small, large], ONNXRUNTIME, job_id="again", plan=SHORT)
    assert told == results[:3] and results[3] == results[0]
    for result, name in ((results[0], "small"), (results[2], "large")):
        measurement = result.measurement
        assert measurement is not None and result.failure is None
        assert [operator.name for operator in measurement.operators] == [name]
        assert measurement.optimized_graph is not None and measurement.optimized_graph.nodes[0].name == name
        assert sum(len(block.latency_ms) for block in measurement.timed_blocks) >= 4
        assert measurement.node_counts == (NodeCount(provider="CPUExecutionProvider", node_count=1),)
        assert measurement.setting == alone.setting and not measurement.is_node_count_remembered
    for result in again:
        assert result.measurement is not None and result.measurement.is_node_count_remembered
        assert result.measurement.node_counts == alone.node_counts
    first, later = (results[index].measurement for index in (0, 2))
    assert first and later and first.memory_use and later.memory_use
    # The engine is loaded once for all.
    assert first.memory_use.runtime_bytes and later.memory_use.runtime_bytes is None
    assert later.memory_use.model_bytes is not None
    failure = results[1].failure
    assert failure is not None and failure.reason == "ERROR_REASON_MODEL_REJECTED"
    assert (job.state, job.measurement, job.failure) == (JobState.SUCCEEDED, None, None)


def test_models_of_several_files_are_told_apart(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    import openvino

    paths = []
    for size in (16, 64):
        folder = tmp_path / str(size)
        folder.mkdir()
        onnx_path = write_product(folder, "product", size)
        # Two models whose files have the same names.
        openvino.save_model(openvino.Core().read_model(onnx_path), folder / "model.xml", compress_to_fp16=False)
        paths.append(folder / "model.xml")
    with edgeprof.connect(shared_device.address) as client:
        results = client.measure_series(paths, Setting(runtime="openvino"), job_id="files", plan=SHORT)
    assert [result.measurement.inputs[0].sizes for result in results if result.measurement] == [(16, 16), (64, 64)]


def test_each_model_of_a_series_is_on_the_device_before_it_is_queued(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    with edgeprof.connect(shared_device.address) as client:
        sha256 = client.upload_model(write_product(tmp_path, "small", 16))
        spec = JobSpec(model_sha256=sha256, further_model_sha256s=("f" * 64,), kind=JobKind.SERIES, setting=ONNXRUNTIME)
        with pytest.raises(ModelNotFoundError, match="f" * 64):
            client.create_job("lacking", spec)


def test_an_agent_that_knows_no_series_is_not_asked(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    waiting: list[Job] = []
    with edgeprof.connect(shared_device.address) as client:
        client.contract_revision = 4
        with pytest.raises(AgentTooOldError, match="cannot measure a series of models"):
            client.measure_series([tmp_path / "m.onnx"], ONNXRUNTIME, job_id="old", on_waiting=waiting.append)
