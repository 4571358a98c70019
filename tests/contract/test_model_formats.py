"""A format is recognised by content, and a file of another than a runtime reads is refused with what it reads."""

import pytest
from onnx import TensorProto, helper

from edgeprof_proto.shared.model_formats import (
    NCNN,
    ONNX,
    OPENVINO_IR,
    TFLITE,
    ModelFormatError,
    format_of,
    recognise_format,
)

GRAPH = helper.make_graph(
    [helper.make_node("Relu", ["x"], ["y"])],
    "graph",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4))],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4))],
)
MODELS = {
    ONNX: helper.make_model(GRAPH).SerializeToString(),
    TFLITE: b"\x1c\0\0\0TFL3" + bytes(100),
    OPENVINO_IR: b'<?xml version="1.0"?>\n<!-- written by ov.save_model -->\n<net name="x" version="11">\n',
    NCNN: b"7767517\n2 2\nInput in0 0 1 in0\nReLU r 1 1 in0 out0\n",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_format_is_recognised_by_content(name: str) -> None:
    assert recognise_format(MODELS[name]) == name
    assert format_of(MODELS[name], ("onnx", "tflite", "openvino-ir", "ncnn")) == name


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"7767517", b"<html>", b"model", bytes(100), b"<network/>"])
def test_what_has_no_format_has_none(content: bytes) -> None:
    assert recognise_format(content) is None


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_another_format_is_refused_with_what_the_runtime_reads(name: str) -> None:
    read = [other for other in MODELS if other != name][:2]
    match = rf"the file is an? .* model.*the runtime reads {read[0]}, {read[1]}: .* name a runtime that reads {name}"
    with pytest.raises(ModelFormatError, match=match):
        format_of(MODELS[name], read)
    with pytest.raises(ModelFormatError, match="and litert on board:20763 reads"):
        format_of(MODELS[name], read, "litert on board:20763")


def test_a_file_of_no_format_is_refused_and_one_of_the_runtimes_own_passes() -> None:
    with pytest.raises(ModelFormatError, match=r"of a format that the runtime reads \(tflite\): it is a picture"):
        format_of(b"\x89PNG\r\n\x1a\n" + bytes(40), ("tflite",))
    with pytest.raises(ModelFormatError, match="it is a web page"):
        format_of(b"<!doctype html>", ("magic",))
    for name, content in {"a program": b"\x7fELF\x02", "a gzip": b"\x1f\x8b\x08", "a pickle": b"\x80\x04\x95"}.items():
        for formats in ((), ("magic",), ("tflite", "magic")):
            with pytest.raises(ModelFormatError, match=f"not a model: it is {name}"):
                format_of(content, formats)
    assert format_of(b"magic bytes \xff\0", ("magic",)) is None
    assert format_of(b"\xff" * 30, (ONNX,)) == ONNX
