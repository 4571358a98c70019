"""Which files of a folder are models."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgeprof.devices.model_folder import models_in
from edgeprof.errors import ModelFileError


def write_onnx(path: Path, data_name: str = "") -> None:
    """An ONNX file, whose weights lie in another one where that has a name."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 16))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 16))],
        [helper.make_tensor("w", TensorProto.FLOAT, (16, 16), np.eye(16, dtype=np.float32).tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path), save_as_external_data=bool(data_name), location=data_name or None, size_threshold=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_onnx(tmp_path / "b.onnx")
    # Data of an ONNX file, under a name that looks like a model.
    write_onnx(tmp_path / "a.onnx", "a_weights.onnx")
    (tmp_path / "d.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    (tmp_path / "e.xml").write_text('<?xml version="1.0"?>\n<net name="n" version="11"></net>')
    (tmp_path / "f.param").write_text("7767517\n1 1\nInput in 0 1 in\n")
    for name in ("e.bin", "f.bin", "picture.png", "labels.txt", ".hidden.onnx"):
        (tmp_path / name).write_bytes(b"data")
    (tmp_path / "f.param.inputs.json").write_text(json.dumps([]))
    # Text that begins as a protobuf may, settings in XML, and what pnnx leaves behind.
    (tmp_path / "requirements.txt").write_text("rich\n")
    (tmp_path / "settings.xml").write_text("<settings/>")
    (tmp_path / "f.pnnx.param").write_text("7767517\n1 1\n")
    (tmp_path / "more").mkdir()
    write_onnx(tmp_path / "more" / "g.onnx")
    return tmp_path


def test_the_models_directly_in_a_folder_are_found_by_name(folder: Path) -> None:
    assert [path.name for path in models_in(folder)] == ["a.onnx", "b.onnx", "d.tflite", "e.xml", "f.param"]


def test_a_damaged_model_counts_so_that_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert [path.name for path in models_in(tmp_path)] == ["a.onnx"]


def test_a_folder_without_models_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"data")
    with pytest.raises(ModelFileError, match=r"holds no model: \.onnx and \.tflite files") as raised:
        models_in(tmp_path)
    assert "\n" not in str(raised.value)
    with pytest.raises(ModelFileError, match="cannot read the folder"):
        models_in(tmp_path / "nowhere")
