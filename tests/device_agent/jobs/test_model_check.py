"""A job is refused before it is queued where its model is not whole, too large, or in another format."""

import hashlib
from pathlib import Path

import pytest

from edgeprof_agent.errors import (
    InvalidRequestError,
    ModelNotFoundError,
    ModelTooLargeError,
    SettingNotSupportedError,
)
from edgeprof_agent.jobs.journal import open_journal
from edgeprof_agent.jobs.model_check import check_model
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_proto.records.device import Cpu, DeviceDescription, ExecutionContext, RuntimeInfo
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.model_manifest import ManifestFile, ModelManifest
from edgeprof_proto.records.validation import RecordError

DEVICE = DeviceDescription(
    host_name="board",
    cpu=Cpu(architecture="none", core_count=1),
    operating_system="none",
    kernel="none",
    execution_context=ExecutionContext(python_version="3"),
    runtimes=(
        RuntimeInfo(name="lite", version="1", model_formats=("tflite",)),
        RuntimeInfo(name="cnn", version="1", model_formats=("ncnn", "onnx")),
        RuntimeInfo(name="old", version="1"),
    ),
)
TFLITE = b"\x1c\0\0\0TFL3" + bytes(20)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path, model_bytes=1_000, cache_bytes=10_000, disk_reserve_bytes=0, needed_models=lambda: ())


def put(folder: Path, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    (folder / "models" / sha256).write_bytes(content)
    return sha256


def manifest_of(*contents: bytes, size_bytes: int | None = None) -> bytes:
    files = tuple(
        ManifestFile(
            name=f"m{index}", sha256=hashlib.sha256(content).hexdigest(), size_bytes=size_bytes or len(content)
        )
        for index, content in enumerate(contents)
    )
    return ModelManifest(format="ncnn", files=files).to_bytes()


def spec(model_sha256: str, runtime: str, inputs_sha256: str = "") -> JobSpec:
    return JobSpec(model_sha256=model_sha256, setting=Setting(runtime=runtime), inputs_sha256=inputs_sha256)


def test_a_model_is_queued_for_runtimes_that_read_it(store: ModelStore, tmp_path: Path) -> None:
    single = put(tmp_path, TFLITE)
    check_model(spec(single, "lite"), DEVICE, store)
    # Not reported: the worker finds out.
    check_model(spec(single, "old"), DEVICE, store)
    with pytest.raises(SettingNotSupportedError, match=r"TensorFlow Lite model, and runtime 'cnn' reads ncnn, onnx"):
        check_model(spec(single, "cnn"), DEVICE, store)


def test_every_file_of_a_manifest_must_be_there_and_as_large_as_it_tells(store: ModelStore, tmp_path: Path) -> None:
    whole = put(tmp_path, manifest_of(b"param", b"bin"))
    put(tmp_path, b"param")
    with pytest.raises(ModelNotFoundError, match=hashlib.sha256(b"bin").hexdigest()):
        check_model(spec(whole, "cnn"), DEVICE, store)
    put(tmp_path, b"bin")
    check_model(spec(whole, "cnn"), DEVICE, store)
    with pytest.raises(SettingNotSupportedError, match=r"an ncnn model .* and runtime 'lite' reads tflite"):
        check_model(spec(whole, "lite"), DEVICE, store)
    with pytest.raises(InvalidRequestError, match="tells 4 bytes of m0, which has 5"):
        check_model(spec(put(tmp_path, manifest_of(b"param", size_bytes=4)), "cnn"), DEVICE, store)
    with pytest.raises(ModelTooLargeError, match="have 1200 bytes, this agent takes models of up to 1000"):
        check_model(spec(put(tmp_path, manifest_of(b"param", b"bin", size_bytes=600)), "cnn"), DEVICE, store)
    with pytest.raises(RecordError, match=r"sorted keys|just the fields"):
        check_model(spec(put(tmp_path, b'{"edgeprof_manifest":1,"files":[]}'), "cnn"), DEVICE, store)


def test_the_inputs_of_a_job_must_be_there_and_are_kept_until_it_has_run(store: ModelStore, tmp_path: Path) -> None:
    model, inputs = put(tmp_path, TFLITE), hashlib.sha256(b"inputs").hexdigest()
    with pytest.raises(ModelNotFoundError, match=inputs):
        check_model(spec(model, "lite", inputs), DEVICE, store)
    put(tmp_path, b"inputs")
    check_model(spec(model, "lite", inputs), DEVICE, store)
    with open_journal(tmp_path) as journal:
        journal.create_job("job", spec(model, "lite", inputs), time=1.0)
        assert set(journal.needed_models()) == {model, inputs}
