"""A file is looked at on the host before it is uploaded, and on the device before an engine reads it."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import edgeprof
from edgeprof.errors import ModelFileError, ModelRefusedError, SettingNotSupportedError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
ONNX_RUNTIME = Setting(runtime="onnxruntime")
SHORT = MeasurementPlan(warmup_run_count=1, warmup_duration_ms=0.1, timed_run_count=4, timed_duration_ms=0.1)
TFLITE = b"\x1c\0\0\0TFL3" + bytes(100)


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


def _write_external(folder: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 400))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 400))],
        [helper.make_tensor("w", TensorProto.FLOAT, (400,), bytes(1600), raw=True)],
    )
    onnx.save_model(
        helper.make_model(graph), folder / "m.onnx", save_as_external_data=True, size_threshold=0, location="m.data"
    )
    # Left behind by whoever copied the model alone.
    (folder / "m.data").unlink()
    return folder / "m.onnx"


def _write(folder: Path, content: bytes) -> Path:
    (folder / "m.onnx").write_bytes(content)
    return folder / "m.onnx"


@pytest.mark.parametrize(
    ("content", "match"),
    [(POINTER, "git lfs pull"), (TFLITE, "TensorFlow Lite"), (b"", "empty"), (None, r"torch\.onnx\.export")],
)
def test_a_file_that_is_no_model_is_refused_before_an_upload_and_on_the_device(
    content: bytes | None, match: str, shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    path = _write_external(tmp_path) if content is None else _write(tmp_path, content)
    job_id = f"refused-{'data' if content is None else len(content)}"
    with edgeprof.connect(shared_device.address) as client:
        before = list(client.jobs())
        with pytest.raises(ModelFileError, match=match) as caught:
            client.measure(path, ONNX_RUNTIME, job_id=f"{job_id}-on-the-host")
        assert str(path) in str(caught.value)
        assert list(client.jobs()) == before
        if content == b"":
            return
        sha256 = client.upload_content(path.read_bytes())
        if content == TFLITE:
            with pytest.raises(SettingNotSupportedError, match=f"{match} model, and runtime 'onnxruntime' reads onnx"):
                client.create_job(job_id, JobSpec(model_sha256=sha256, setting=ONNX_RUNTIME))
            return
        client.create_job(job_id, JobSpec(model_sha256=sha256, setting=ONNX_RUNTIME))
        events = [event.event for event in client.watch_job(job_id)]
        failures = [event for event in events if hasattr(event, "reason")]
        assert [failure.reason for failure in failures] == ["ERROR_REASON_MODEL_REFUSED"]
        with pytest.raises(ModelRefusedError, match=match):
            raise ModelRefusedError(failures[0].message)


def test_a_file_for_a_runtime_of_somebody_else_is_uploaded_unless_it_stands_for_another(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    with edgeprof.connect(shared_device.address) as client:
        assert client.upload_model(_write(tmp_path, TFLITE), runtime="tflite")
        with pytest.raises(ModelFileError, match="git lfs pull"):
            client.upload_model(_write(tmp_path, POINTER), runtime="tflite")


def test_the_device_tells_which_formats_its_runtimes_read(shared_device: SimulatedDevice) -> None:
    with edgeprof.connect(shared_device.address) as client:
        assert client.model_formats("onnxruntime") == ("onnx",)
        assert client.model_formats("simulated") == ("onnx", "tflite", "openvino-ir", "ncnn")
        assert client.model_formats("no such runtime") == ()


def test_the_refusal_before_the_upload_names_what_the_device_reads(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    with edgeprof.connect(shared_device.address) as client:
        match = f"TensorFlow Lite model, and onnxruntime on {client.address} reads onnx: .* a runtime that reads tflite"
        with pytest.raises(ModelFileError, match=match):
            client.upload_model(_write(tmp_path, TFLITE), runtime="onnxruntime")
        with pytest.raises(ModelFileError, match="a program or a library"):
            client.upload_model(_write(tmp_path, b"\x7fELF\x02\x01"), runtime="somebody else's")


def test_what_was_fed_arrives_with_the_result(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["e"]), helper.make_node("TopK", ["e", "k"], ["y", "i"])],
        "graph",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ("batch", 16)),
            helper.make_tensor_value_info("k", TensorProto.INT64, (1,)),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [helper.make_tensor("table", TensorProto.FLOAT, (500, 4), bytes(8000), raw=True)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    with edgeprof.connect(shared_device.address) as client:
        setting = Setting(runtime="onnxruntime", batch_size=3)
        measurement = client.measure(tmp_path / "m.onnx", setting, job_id="fed", plan=SHORT)
        kept = client.job("fed").measurement
    assert kept is not None and kept.inputs == measurement.inputs
    assert measurement.inputs == (
        GeneratedInput(name="ids", element_type="int64", sizes=(3, 16), lowest_value=0, highest_value=499),
        GeneratedInput(
            name="k", element_type="int64", sizes=(1,), lowest_value=1, highest_value=1, deciding_operators=("TopK",)
        ),
    )
