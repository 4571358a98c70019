import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from edgeprof_proto.shared.file_kind import HEAD_BYTES, recognise
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_walk import check_content


def onnx_model(*, weight_count: int = 4) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, weight_count))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, weight_count))],
        [numpy_helper.from_array(np.ones(weight_count, np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, b"content")

    return written(write)


def tarred() -> bytes:
    def write(file: io.BytesIO) -> None:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("model.onnx"))

    return written(write)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
FLATBUFFER = (28).to_bytes(4, "little")

KINDS: dict[str, tuple[bytes, str]] = {
    "git lfs": (POINTER, r"a pointer of Git LFS, .*; fetch that with: git lfs pull"),
    "git lfs, CRLF": (POINTER.replace(b"\n", b"\r\n"), "git lfs pull"),
    "HTML": (b"<!DOCTYPE html>\n<html><head>", r"a web page \(HTML\); the download has led to a page"),
    "HTML after blank lines and a mark": (b"\xef\xbb\xbf\r\n\r\n<HTML lang=en>", "a web page"),
    "XML": (b'<?xml version="1.0"?>\n<net name="x">', "an XML text"),
    "text": (b"404: Not Found", "a text that begins '404: Not Found'; export the network as ONNX"),
    "JSON": (b'{"error": "no"}', "a text that begins"),
    "text in UTF-16": ("404: Not Found".encode("utf-16"), "a text that begins '404: Not Found'"),
    "zip": (zipped("model.onnx"), "a zip archive; unpack it"),
    "empty zip": (zipped(), "a zip archive"),
    "Keras zip": (zipped("metadata.json", "config.json"), "Keras writes it; convert it with tf2onnx"),
    "torch.save": (written(lambda file: torch.save({"w": torch.zeros(2)}, file)), "of PyTorch; .*torch.onnx.export"),
    "torch.save of old": (
        written(lambda file: torch.save({"w": torch.zeros(2)}, file, _use_new_zipfile_serialization=False)),
        "a pickle of Python; .*torch.onnx.export",
    ),
    "pickle": (pickle.dumps({"a": 1}), "a pickle of Python"),
    "gzip": (gzip.compress(b"model"), "a gzip archive; unpack it"),
    "tar": (tarred(), "a tar archive"),
    "TFLite": (FLATBUFFER + b"TFL3" + bytes(100), "a TensorFlow Lite model"),
    "ORT format": (FLATBUFFER + b"ORTM" + bytes(100), r"ONNX Runtime's own format; .*\.onnx"),
    "ExecuTorch": (FLATBUFFER + b"ET12" + bytes(100), "a program of ExecuTorch"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "safetensors": ((60).to_bytes(8, "little") + b'{"w":{"dtype":"F32"}}', "a safetensors file"),
    "GGUF": (b"GGUF\x03\0\0\0", "a GGUF model"),
    "NumPy": (written(lambda file: np.save(file, np.zeros(2))), "an array of NumPy"),
    "program": (b"\x7fELF\x02\x01", "a program or a library"),
    "picture": (b"\x89PNG\r\n\x1a\n", "a picture"),
    "zeros": (bytes(5_000), "nothing but zeros; copy or download it again"),
    "empty": (b"", "empty; copy or export it again"),
    "TensorFlow graph": (b"\x0a\x08\x0a\x01x\x12\x03Add", "a graph of TensorFlow"),
    "another message": (b"\x08\x01\x12\x03abc", "no graph; .*Core ML"),
    "garbage": (b"\xff" * 30, "bytes that no exporter writes"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_no_model_is_named_with_what_to_do(name: str) -> None:
    content, match = KINDS[name]
    with pytest.raises(ModelContentError, match=match) as caught:
        check_content(memoryview(content))
    assert str(caught.value).startswith("the file is not an ONNX model: it ")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_model_that_was_cut_off_is_told_as_such(share: float) -> None:
    content = onnx_model(weight_count=2_000).SerializeToString()
    with pytest.raises(ModelContentError, match=r"only a part of one: .* cut off or damaged; copy, download or export"):
        check_content(memoryview(content)[: int(share * len(content))])


def test_models_are_not_taken_for_anything_else(tmp_path: Path) -> None:
    for weight_count in (1, 4, 5_000):
        model = onnx_model(weight_count=weight_count)
        for producer in ("", "pytorch", "PK", "a producer with a very long name " * 200):
            model.producer_name = producer
            content = model.SerializeToString()
            assert recognise(content[:HEAD_BYTES]) is None
            check_content(memoryview(content))


def test_data_beside_the_file_names_the_switches_of_both_writers(tmp_path: Path) -> None:
    onnx.save_model(onnx_model(weight_count=2_000), tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(ModelContentError, match=r"other files.*external_data=False\).*save_as_external_data=False\)"):
        check_content(memoryview((tmp_path / "m.onnx").read_bytes()))
