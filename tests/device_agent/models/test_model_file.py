import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from device_agent.models.flatbuffer_models import tflite_model
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.onnx import check_onnx
from edgeprof_agent.models.model_file import check_model_file
from edgeprof_proto.shared import onnx_fields
from edgeprof_proto.shared.model_formats import NCNN, ONNX, OPENVINO_IR, TFLITE

MEMORY_BYTES = 10**8


def model_of(
    *nodes: onnx.NodeProto,
    shape: tuple[int | str, ...] = ("batch", 4),
    initializers: tuple[onnx.TensorProto, ...] = (),
    functions: tuple[onnx.FunctionProto, ...] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes) or [helper.make_node("Relu", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        list(initializers),
    )
    return helper.make_model(graph, functions=list(functions), opset_imports=[helper.make_opsetid("", 17)])


def check(content: bytes | onnx.ModelProto, *, batch_size: int = 1) -> None:
    data = content if isinstance(content, bytes) else content.SerializeToString()
    check_onnx(memoryview(data), memory_bytes=MEMORY_BYTES, batch_size=batch_size)


def external_tensor(location: str = "weights.bin") -> onnx.TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def branching(tensor: onnx.TensorProto) -> onnx.NodeProto:
    constant = helper.make_node("Constant", [], ["b"], value=tensor)
    branch = helper.make_graph([constant], "branch", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, (4,))])
    return helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)


def function(tensor: onnx.TensorProto | None = None) -> onnx.FunctionProto:
    node = helper.make_node("Constant", [], ["b"], value=tensor) if tensor else helper.make_node("Relu", ["a"], ["b"])
    return helper.make_function("my.domain", "Mine", ["a"], ["b"], [node], [helper.make_opsetid("", 17)])


def within(tag: int, content: bytes) -> bytes:
    """Write a message as a field of another."""
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([tag, *length, size]) + content


def test_models_that_exporters_write_pass(tmp_path: Path, write_convolutions: Callable[[Path], Path]) -> None:
    path = write_convolutions(tmp_path / "model.onnx")
    check_model_file(path, (ONNX,), memory_bytes=MEMORY_BYTES, batch_size=1)
    check(model_of(helper.make_node("QLinearConcat", ["x"], ["y"], domain="com.microsoft")))
    check(model_of(helper.make_node("Mine", ["x"], ["y"], domain="my.domain"), functions=(function(),)))


@pytest.mark.parametrize(
    "model",
    [
        model_of(initializers=(external_tensor(),)),
        model_of(initializers=(external_tensor("/etc/passwd"),)),
        model_of(branching(external_tensor("../../key.pem"))),
        model_of(functions=(function(external_tensor()),)),
    ],
    ids=["weights", "path", "within a branch", "within a function"],
)
def test_data_in_other_files_is_refused_wherever_it_is(model: onnx.ModelProto) -> None:
    with pytest.raises(ModelRefusedError, match="other files"):
        check(model)


def test_second_graph_is_looked_at_as_well() -> None:
    # Protobuf merges what occurs twice: the second holds what the first does not show.
    hidden = model_of(initializers=(external_tensor(),)).SerializeToString()
    with pytest.raises(ModelRefusedError, match="other files"):
        check(model_of().SerializeToString() + hidden)


def test_operators_from_a_library_are_refused() -> None:
    with pytest.raises(ModelRefusedError, match=r"'ai\.onnx\.contrib'"):
        check(model_of(helper.make_node("PyOp", ["x"], ["y"], domain="ai.onnx.contrib")))
    with pytest.raises(ModelRefusedError, match="EPContext"):
        check(model_of(helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")))


def test_input_that_does_not_fit_into_memory_is_refused() -> None:
    with pytest.raises(ModelRefusedError, match="EDGEPROF_AGENT_WORKER_MEMORY_BYTES"):
        check(model_of(shape=(1, 2**40)))
    check(model_of(shape=("batch", 2**10)), batch_size=16)
    with pytest.raises(ModelRefusedError, match="smaller input or batch"):
        check(model_of(shape=("batch", 2**10)), batch_size=2**20)


def test_file_built_to_exhaust_its_reader_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = b""
    for _ in range(1_000):
        # A graph in an attribute of a node of a graph.
        for tag in (0x32, 0x2A, 0x0A):
            nested = within(tag, nested)
    with pytest.raises(ModelRefusedError, match="deep"):
        check(within(0x3A, nested))
    monkeypatch.setattr(onnx_fields, "FIELD_LIMIT", 1_000)
    with pytest.raises(ModelRefusedError, match="fields"):
        check(b"\x08\x01" * 2_000)


@pytest.mark.parametrize("content", [b"this is no model", b"\x08\x08", b"\xff" * 30, b"\x3a\x7f", b"\x0b\x0c"])
def test_garbage_is_refused(content: bytes) -> None:
    with pytest.raises(ModelRefusedError, match="not an ONNX model"):
        check(content)


def test_archives_are_refused_by_name(tmp_path: Path) -> None:
    tar, archive = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as file:
        file.addfile(tarfile.TarInfo("model.onnx"))
    with zipfile.ZipFile(archive, "w") as zip_file:
        zip_file.writestr("model.onnx", b"model")
    for kind, content in {"tar": tar.getvalue(), "zip": archive.getvalue(), "gzip": gzip.compress(b"model")}.items():
        path = tmp_path / kind
        path.write_bytes(content)
        for formats in ((ONNX,), (TFLITE, NCNN), ("a format of somebody else",), ()):
            with pytest.raises(ModelRefusedError, match=f"a {kind} archive"):
                check_model_file(path, formats, memory_bytes=MEMORY_BYTES, batch_size=1)


def test_code_is_no_model_and_a_file_of_a_runtimes_own_format_passes(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for formats in ((ONNX,), ("mine",), ()):
        path.write_bytes(b"\x7fELF\x02\x01\x01")
        with pytest.raises(ModelRefusedError, match=r"a program or a library \(ELF\)"):
            check_model_file(path, formats, memory_bytes=MEMORY_BYTES, batch_size=1)
    path.write_bytes(b"\xffMINE\0")
    check_model_file(path, ("mine", ONNX), memory_bytes=MEMORY_BYTES, batch_size=1)
    check_model_file(path, (), memory_bytes=MEMORY_BYTES, batch_size=1)


def test_each_format_is_checked_by_its_own_rules(tmp_path: Path) -> None:
    path = tmp_path / "model"
    every = (ONNX, TFLITE, OPENVINO_IR, NCNN)
    damaged = {
        "TensorFlow Lite": tflite_model()[:100],
        "OpenVINO": b"<net name='x'><layers>",
        "param": b"7767517\n1 1\nInput x 0 1\n",
        "ONNX": b"\x08\x08\x3a\x7f",
    }
    for match, content in damaged.items():
        path.write_bytes(content)
        others = {"m.bin": path} if match == "param" else {}
        with pytest.raises(ModelRefusedError, match=match):
            check_model_file(path, every, memory_bytes=MEMORY_BYTES, batch_size=1, others=others)
    path.write_bytes(tflite_model())
    check_model_file(path, every, memory_bytes=MEMORY_BYTES, batch_size=1)


def test_data_in_other_files_must_lie_within_them(tmp_path: Path) -> None:
    model = model_of(helper.make_node("Add", ["x", "w"], ["y"]), initializers=(external_tensor("w.bin"),))
    weights = model.graph.initializer[0]
    weights.external_data.add(key="offset", value="8")
    weights.external_data.add(key="length", value="16")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "w.bin").write_bytes(bytes(24))

    def check_with(*names: str) -> None:
        others = {name: tmp_path / name for name in names}
        path = tmp_path / "m.onnx"
        check_model_file(path, (ONNX,), memory_bytes=MEMORY_BYTES, batch_size=1, others=others)

    check_with("w.bin")
    with pytest.raises(ModelRefusedError, match=r"torch\.onnx\.export"):
        check_with()
    (tmp_path / "v.bin").write_bytes(bytes(24))
    with pytest.raises(ModelRefusedError, match=r"a file 'w\.bin', which does not come with it"):
        check_with("v.bin")
    (tmp_path / "w.bin").write_bytes(bytes(20))
    with pytest.raises(ModelRefusedError, match=r"in bytes 8 to 24 of 'w\.bin', which has 20"):
        check_with("w.bin")


SEED = model_of(branching(helper.make_tensor("w", TensorProto.FLOAT, (4,), [0.0] * 4))).SerializeToString()


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.binary(max_size=4)), max_size=8),
    length=st.integers(0, len(SEED)),
)
def test_mutated_models_pass_or_are_refused_and_nothing_else(changes: list[tuple[int, bytes]], length: int) -> None:
    content = bytearray(SEED)
    for position, replacement in changes:
        content[position : position + len(replacement)] = replacement
    for data in (bytes(content), bytes(content[:length])):
        try:
            check(data)
        except ModelRefusedError as error:
            assert str(error)
