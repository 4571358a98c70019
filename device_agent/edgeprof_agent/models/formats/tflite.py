"""TensorFlow Lite: a FlatBuffers file with the identifier TFL3.

The walk follows every table that an interpreter reads before it runs: subgraphs, tensors, operators and buffers.
Source: tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent, ModelFormat
from edgeprof_agent.models.input_memory import check_input_memory
from edgeprof_agent.models.signature import Dimension, InputSignature
from edgeprof_proto.shared.flatbuffer import Flatbuffer, FlatbufferError, Table
from edgeprof_proto.shared.model_formats import TFLITE
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file

_VERSION = 3
_OPERATOR_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3
_SHAPE, _TYPE, _BUFFER, _NAME, _IS_VARIABLE, _SHAPE_SIGNATURE = 0, 1, 2, 3, 5, 7
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 0, 1, 2
_DATA, _DATA_OFFSET, _DATA_SIZE = 0, 1, 2

_SUBGRAPH_LIMIT, _TABLE_LIMIT, _RANK_LIMIT = 4_096, 1_000_000, 64

ELEMENT_TYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64"),
    *("complex128", "uint64", "", "", "uint32", "uint16", "int4", "bfloat16", "int2"),
)
"""Name of an element's type by its number in `TensorType`; empty for resources and variants."""


class TfliteFormat(ModelFormat):
    """The format "tflite"."""

    name = TFLITE

    def check(self, model: ModelContent, *, memory_bytes: int, batch_size: int) -> None:
        """Refuse a file with parts outside its bounds, or with inputs that do not fit into memory."""
        if model.other_sizes:
            raise ModelRefusedError("a TensorFlow Lite model is one file; upload it alone")
        inputs = [_with_open_batch(value) for value in parse_inputs(model.main)]
        check_input_memory(inputs, memory_bytes=memory_bytes, batch_size=batch_size)


def read_inputs(path: Path) -> tuple[InputSignature, ...]:
    """Read what a model takes from its file; see `parse_inputs`.

    Raises:
        ModelRefusedError: If it cannot be read, or is damaged.
    """
    try:
        content = map_plain_file(path, max_bytes=MAX_MODEL_BYTES)
    except OSError as error:
        raise ModelRefusedError(f"the model's file cannot be read: {error.strerror}") from error
    return parse_inputs(content)


def parse_inputs(content: memoryview) -> tuple[InputSignature, ...]:
    """Check a model and return what its main subgraph takes.

    Args:
        content: The whole file.

    Raises:
        ModelRefusedError: If it is damaged.
    """
    try:
        return _Walk(content).main_inputs()
    except FlatbufferError as error:
        raise ModelRefusedError(
            f"the file is not a TensorFlow Lite model, or only a part of one: {error}; copy or convert it again"
        ) from error


def _with_open_batch(value: InputSignature) -> InputSignature:
    # Interpreters resize a batch of 1.
    if value.dimensions and value.dimensions[0] == 1:
        return dataclasses.replace(value, dimensions=(None, *value.dimensions[1:]))
    return value


class _Walk:
    def __init__(self, content: memoryview) -> None:
        self._byte_count = len(content)
        self._file = Flatbuffer(content)

    def main_inputs(self) -> tuple[InputSignature, ...]:
        model = self._file.root()
        version = model.number(0, "I")
        if version != _VERSION:
            raise FlatbufferError(f"its version is {version}, not {_VERSION}")
        codes = model.tables(_OPERATOR_CODES, limit=_TABLE_LIMIT)
        for code in codes:
            code.text(1)
        buffers = model.tables(_BUFFERS, limit=_TABLE_LIMIT)
        for buffer in buffers:
            self._check_buffer(buffer)
        subgraphs = model.tables(_SUBGRAPHS, limit=_SUBGRAPH_LIMIT)
        if not subgraphs:
            raise FlatbufferError("it has no graph")
        found = [self._check_subgraph(subgraph, len(codes), len(buffers)) for subgraph in subgraphs]
        return found[0]

    def _check_buffer(self, buffer: Table) -> None:
        buffer.byte_count(_DATA)
        # Files beyond 2 GB keep data behind the tables.
        offset, size = buffer.number(_DATA_OFFSET, "Q"), buffer.number(_DATA_SIZE, "Q")
        if size and offset > 1 and offset + size > self._byte_count:
            raise FlatbufferError(f"data of {size} bytes at byte {offset} end behind the file")

    def _check_subgraph(self, subgraph: Table, code_count: int, buffer_count: int) -> tuple[InputSignature, ...]:
        tensors = subgraph.tables(_TENSORS, limit=_TABLE_LIMIT)
        values = [self._check_tensor(tensor, buffer_count) for tensor in tensors]
        operators = subgraph.tables(_OPERATORS, limit=_TABLE_LIMIT)
        for operator in operators:
            _check_index(operator.number(_OPERATOR_CODE, "I"), "an operator's code", code_count)
            for field in (_OPERATOR_INPUTS, _OPERATOR_OUTPUTS):
                # -1 stands for an input that is left out.
                for index in operator.numbers(field, "i") or ():
                    _check_index(max(0, index), "a tensor of an operator", len(values))
        _check_order(operators, tensors, subgraph.numbers(_INPUTS, "i") or ())
        for field in (_INPUTS, _OUTPUTS):
            for index in subgraph.numbers(field, "i") or ():
                _check_index(index, "a tensor of the graph", len(values))
        return tuple(values[index] for index in subgraph.numbers(_INPUTS, "i") or ())

    def _check_tensor(self, tensor: Table, buffer_count: int) -> InputSignature:
        shape = tensor.numbers(_SHAPE, "i") or ()
        signature = tensor.numbers(_SHAPE_SIGNATURE, "i") or shape
        if max(len(shape), len(signature)) > _RANK_LIMIT or any(size < -1 for size in (*shape, *signature)):
            raise FlatbufferError(f"a tensor has the shape {signature[:8]}")
        number = tensor.number(_TYPE, "b")
        _check_index(number, "the type of a tensor", len(ELEMENT_TYPES))
        _check_index(tensor.number(_BUFFER, "I"), "the buffer of a tensor", buffer_count)
        dimensions: tuple[Dimension, ...] = tuple(None if size == -1 else size for size in signature)
        return InputSignature(tensor.text(_NAME), ELEMENT_TYPES[number], dimensions)


def _check_order(operators: list[Table], tensors: list[Table], inputs: Sequence[int]) -> None:
    """Check that no operator reads what a later one writes: some interpreters end the process over it.

    Raises:
        FlatbufferError: If one does.
    """
    later = {index for operator in operators for index in operator.numbers(_OPERATOR_OUTPUTS, "i") or ()}
    later.difference_update(inputs, {-1})
    for operator in operators:
        # A variable holds its value from one run to the next.
        for index in later.intersection(operator.numbers(_OPERATOR_INPUTS, "i") or ()):
            if not tensors[index].number(_IS_VARIABLE, "b"):
                name = tensors[index].text(_NAME)
                raise FlatbufferError(f"{name[:80]!r} is read before any operator writes it: the graph has a cycle")
        later.difference_update(operator.numbers(_OPERATOR_OUTPUTS, "i") or ())


def _check_index(index: int, what: str, count: int) -> None:
    if not 0 <= index < count:
        raise FlatbufferError(f"{what} is number {index} of {count}")
