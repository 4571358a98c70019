"""Models of several files: found beside the main one, uploaded each by its hash, and run in a confined worker."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import find_model_files, write_inputs
from edgeprof.errors import AgentTooOldError, ModelFileError, ModelNotFoundError, ModelRefusedError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.model_manifest import ManifestInput

ONNX_RUNTIME = Setting(runtime="onnxruntime")
SHORT = MeasurementPlan(warmup_run_count=1, warmup_duration_ms=0.1, timed_run_count=4, timed_duration_ms=0.1)
PARAM = "7767517\n2 2\nInput in0 0 1 in0\nConvolution c 1 1 in0 out0 0=8 1=1 6=24\n"
IR = (
    '<net name="m" version="11"><layers><layer id="0" name="w" type="Const" version="opset1">'
    '<data element_type="f32" shape="100" offset="0" size="400"/></layer></layers></net>'
)


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


def write_onnx(folder: Path, *, location: str = "weights.data") -> Path:
    weights = numpy_helper.from_array(np.ones((4, 200), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(model, folder / "m.onnx", save_as_external_data=True, size_threshold=0, location=location)
    return folder / "m.onnx"


def write_pair(folder: Path, main: str, suffix: str, weight_bytes: int = 400) -> Path:
    (folder / f"m{suffix}").write_text(main)
    (folder / "m.bin").write_bytes(bytes(weight_bytes))
    return folder / f"m{suffix}"


@pytest.mark.parametrize("runtime", ["onnxruntime", "simulated"])
def test_data_beside_an_onnx_file_come_along(runtime: str, shared_device: SimulatedDevice, tmp_path: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        measurement = client.measure(
            write_onnx(tmp_path), Setting(runtime=runtime), job_id=f"data-{runtime}", plan=SHORT
        )
        assert measurement.timed_blocks
        assert measurement.model_sha256 == find_model_files(tmp_path / "m.onnx", ("onnx",)).sha256()


@pytest.mark.parametrize(("main", "suffix"), [(IR, ".xml"), (PARAM, ".param")])
def test_weights_beside_the_text_come_along(
    main: str, suffix: str, shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    for folder in (small, large):
        folder.mkdir()
    with edgeprof.connect(shared_device.address) as client:
        setting = shared_device.setting
        models = [write_pair(small, main, suffix), write_pair(large, main, suffix, 4_000_000)]
        ids = [f"{name}{suffix}" for name in ("small", "large")]
        times = [
            client.measure(model, setting, job_id=job_id, plan=SHORT).median_ms
            for model, job_id in zip(models, ids, strict=True)
        ]
        assert times[0] < times[1]
        # The same model under another name is the same model.
        renamed = small / f"other{suffix}"
        models[0].rename(renamed)
        (small / "m.bin").rename(small / "other.bin")
        again = client.measure(renamed, setting, job_id=f"again{suffix}", plan=SHORT)
        assert again.model_sha256 == client.job(ids[0]).spec.model_sha256


def test_a_file_is_uploaded_once_for_all_models_that_have_it(
    simulated_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    send = DeviceClient._send
    monkeypatch.setattr(DeviceClient, "_send", lambda self, requests: (sent.append(1), send(self, requests))[1])
    with edgeprof.connect(simulated_device.address) as client:
        path = write_pair(tmp_path, IR, ".xml")
        client.upload_model(path, runtime="simulated")
        assert len(sent) == 3
        path.write_text(IR.replace('name="m"', 'name="n"'))
        client.upload_model(path, runtime="simulated")
        assert len(sent) == 5


def test_a_job_whose_model_lacks_a_file_is_refused_with_its_hash(
    simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        manifest = find_model_files(write_pair(tmp_path, IR, ".xml"), ("openvino-ir",)).manifest()
        assert manifest is not None
        sha256 = client.upload_content(manifest.to_bytes())
        missing = hashlib.sha256((tmp_path / "m.xml").read_bytes()).hexdigest()
        with pytest.raises(ModelNotFoundError, match=missing):
            client.create_job("lacks", JobSpec(model_sha256=sha256, setting=simulated_device.setting))


def test_a_damaged_part_is_refused_in_the_worker(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        path = write_pair(tmp_path, IR, ".xml", weight_bytes=300)
        with pytest.raises(ModelRefusedError, match=r"behind the end of the \.bin, which has 300"):
            client.measure(path, shared_device.setting, job_id="short", plan=SHORT)


def test_what_is_missing_or_elsewhere_is_said_before_an_upload(tmp_path: Path) -> None:
    (tmp_path / "alone.xml").write_text(IR)
    with pytest.raises(ModelFileError, match=r"its weights are missing, .* beside it: alone\.bin"):
        find_model_files(tmp_path / "alone.xml")
    (tmp_path / "deep").mkdir()
    path = write_onnx(tmp_path, location="deep/weights.data")
    with pytest.raises(ModelFileError, match="stores data in other files"):
        find_model_files(path, ("onnx",))
    (tmp_path / "weights.data").write_bytes(bytes(10))
    with pytest.raises(ModelFileError, match=r"'weights\.data', which has 10"):
        find_model_files(_moved(write_onnx(tmp_path)), ("onnx",))


def _moved(path: Path) -> Path:
    path.with_name("weights.data").write_bytes(bytes(10))
    return path


def test_an_agent_that_takes_single_files_is_not_sent_several(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        client.contract_revision = 3
        with pytest.raises(AgentTooOldError, match=r"of several files, and .* has 2: update edgeprof on"):
            client.upload_model(write_pair(tmp_path, IR, ".xml"), runtime="simulated")


def test_inputs_that_the_files_do_not_tell_lie_beside_them(tmp_path: Path) -> None:
    path = write_pair(tmp_path, PARAM, ".param")
    value = ManifestInput(name="in0", element_type="float32", sizes=(3, 32, 32))
    told = write_inputs(path, [value])
    manifest = find_model_files(path, ("ncnn",)).manifest()
    assert manifest is not None and manifest.inputs == (value,)
    told.write_text("[{}]")
    with pytest.raises(ModelFileError, match="does not tell the inputs"):
        find_model_files(path)
