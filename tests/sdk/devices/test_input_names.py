"""The names that the host reads in the files of a model are those that the runtimes take."""

from pathlib import Path

import pytest
from device_agent.runtimes import odd_ir_models, odd_ncnn_models, odd_onnx_models, odd_tflite_models
from device_agent.runtimes.odd_models import loaded

from edgeprof.devices.input_names import input_names

WRITERS = {
    "onnxruntime": odd_onnx_models.write,
    "openvino": odd_ir_models.write,
    "litert": odd_tflite_models.write,
    "ncnn": odd_ncnn_models.write,
}
CASES = [
    *((runtime, "several inputs and outputs") for runtime in WRITERS),
    *((runtime, "odd names") for runtime in ("onnxruntime", "litert", "ncnn")),
    ("openvino", "embedding"),
    ("litert", "one name for two inputs"),
]


@pytest.mark.parametrize(("runtime", "kind"), CASES)
def test_names_are_those_of_the_runtime(runtime: str, kind: str, tmp_path: Path) -> None:
    path = WRITERS[runtime](kind, tmp_path)
    model = loaded(runtime, path)
    taken = {item.name for item in model.inputs}
    model.close()
    names = input_names(path)
    assert names is not None and taken
    assert taken <= names if runtime == "onnxruntime" else taken == names


def test_onnx_has_names_of_open_dimensions_too(tmp_path: Path) -> None:
    assert input_names(odd_onnx_models.write("open dimensions", tmp_path)) == {"x", "batch", "length"}


def test_what_cannot_be_read_is_left_to_the_device(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text("<net name='m'")
    (tmp_path / "m.bin").write_bytes(b"")
    (tmp_path / "m.tflite").write_bytes(b"\xff\xff\xff\x7fTFL3")
    for path in (tmp_path / "m.xml", tmp_path / "m.tflite", tmp_path / "none.onnx"):
        assert input_names(path) is None
