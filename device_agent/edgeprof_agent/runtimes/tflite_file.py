"""What a `.tflite` file says of its main graph and the interpreter does not: constants, exact types, attributes.

Attributes have ONNX's names. Where ONNX has an attribute and TensorFlow Lite a constant input, its numbers are read.
Source: tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

import dataclasses
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from edgeprof_agent.models.formats.tflite import ELEMENT_TYPES
from edgeprof_agent.runtimes.graph_builder import AttributeValue
from edgeprof_proto.records.graph import MAX_ATTRIBUTE_COUNT
from edgeprof_proto.shared.flatbuffer import Flatbuffer, Table
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file

_LIMIT = 1_000_000
_SUBGRAPHS, _BUFFERS = 2, 4
_TENSORS, _OPERATORS = 0, 3
_SHAPE, _TYPE, _BUFFER, _NAME = 0, 1, 2, 3
_INPUTS, _OPTIONS = 1, 4
_DATA, _DATA_SIZE = 0, 2

ACTIVATIONS: Final = ("", "Relu", "ReluN1To1", "Relu6", "Tanh", "SignBit")
"""Activation that is computed with an operator, by its number in `ActivationFunctionType`."""

_PADDING: Final = {0: "SAME_UPPER", 1: "VALID"}

NUMBERS: Final[Mapping[str, Mapping[str, tuple[int, ...]]]] = {
    "CONV_2D": {"strides": (2, 1), "dilations": (5, 4)},
    "DEPTHWISE_CONV_2D": {"strides": (2, 1), "dilations": (6, 5)},
    "TRANSPOSE_CONV": {"strides": (2, 1)},
    "CONV_3D": {"strides": (1, 3, 2), "dilations": (5, 7, 6)},
    "CONV_3D_TRANSPOSE": {"strides": (1, 3, 2), "dilations": (5, 7, 6)},
    **{name: {"strides": (2, 1), "kernel_shape": (4, 3)} for name in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "L2_POOL_2D")},
}
"""Fields of the options that hold height and width (of a volume depth, height and width), by operator."""

SCALARS: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "CONCATENATION": {"axis": (0, "i")},
    "GATHER": {"axis": (0, "i")},
    "PACK": {"axis": (1, "i")},
    "UNPACK": {"axis": (1, "i")},
    "BATCH_MATMUL": {"transA": (0, "b"), "transB": (1, "b")},
    "DEPTH_TO_SPACE": {"blocksize": (0, "i")},
    "SPACE_TO_DEPTH": {"blocksize": (0, "i")},
}
"""Field of a single number and its type, as `struct` names it, by operator."""

ACTIVATION_FIELDS: Final[Mapping[str, int]] = {
    **{"CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "TRANSPOSE_CONV": 3, "CONV_3D": 4, "CONV_3D_TRANSPOSE": 4},
    **{"MAX_POOL_2D": 5, "AVERAGE_POOL_2D": 5, "L2_POOL_2D": 5, "FULLY_CONNECTED": 0, "CONCATENATION": 1},
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "L2_NORMALIZATION", "LSTM"), 0),
    **{"UNIDIRECTIONAL_SEQUENCE_RNN": 1, "UNIDIRECTIONAL_SEQUENCE_LSTM": 0, "BIDIRECTIONAL_SEQUENCE_LSTM": 0},
}
"""Field of the activation that is computed with the operator."""

CONSTANT_INPUTS: Final[Mapping[str, tuple[str, int]]] = {
    "TRANSPOSE": ("perm", 1),
    "SPLIT": ("axis", 0),
    "SPLIT_V": ("axis", 2),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "ARG_MAX", "ARG_MIN"), ("axes", 1)),
}
"""Attribute of ONNX, and position of the constant input that holds it."""

_WINDOWED: Final = frozenset(NUMBERS)
_INTEGERS: Final = {"int32": "i", "int64": "q"}


@dataclasses.dataclass(frozen=True, slots=True)
class FileTensor:
    """A tensor of the main graph; `numbers` of a small constant of integers."""

    name: str
    element_type: str
    sizes: tuple[int, ...]
    is_constant: bool
    numbers: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class FileOperator:
    """An operator of the main graph: the tensors that it reads, and its options."""

    inputs: tuple[int, ...]
    options: Table | None

    def attributes(self, name: str, tensors: Sequence[FileTensor]) -> dict[str, AttributeValue]:
        """Return its attributes.

        Args:
            name: Name of its type.
            tensors: The tensors of the graph.

        Raises:
            FlatbufferError: If an option lies behind the end of the file.
        """
        found: dict[str, AttributeValue] = {}
        options = self.options
        if options is not None:
            for key, fields in NUMBERS.get(name, {}).items():
                found[key] = [options.number(field, "i", default=1) for field in fields]
            for key, (field, kind) in SCALARS.get(name, {}).items():
                found[key] = options.number(field, kind)
            if name in _WINDOWED:
                found["auto_pad"] = _PADDING.get(options.number(0, "b"), "")
            activation = options.number(ACTIVATION_FIELDS[name], "b") if name in ACTIVATION_FIELDS else 0
            if 0 < activation < len(ACTIVATIONS):
                found["activation"] = ACTIVATIONS[activation]
        key, position = CONSTANT_INPUTS.get(name, ("", 0))
        if key and position < len(self.inputs) and 0 <= self.inputs[position] < len(tensors):
            numbers = tensors[self.inputs[position]].numbers
            if numbers:
                found[key] = list(numbers)
        if name == "DEPTHWISE_CONV_2D" and self.inputs and tensors[self.inputs[0]].sizes:
            found["group"] = tensors[self.inputs[0]].sizes[-1]
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class FileGraph:
    """Tensors and operators of the main graph, in the order of the file."""

    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]


def read_file(path: Path) -> FileGraph:
    """Read the main graph of a file that an interpreter has read.

    Args:
        path: The file.

    Raises:
        FlatbufferError: If an offset leads out of the file.
        OSError: If it cannot be read.
    """
    model = Flatbuffer(map_plain_file(path, max_bytes=MAX_MODEL_BYTES)).root()
    buffers = model.tables(_BUFFERS, limit=_LIMIT)
    main = model.tables(_SUBGRAPHS, limit=_LIMIT)[0]
    return FileGraph(
        tensors=tuple(_tensor(tensor, buffers) for tensor in main.tables(_TENSORS, limit=_LIMIT)),
        operators=tuple(
            FileOperator(operator.numbers(_INPUTS, "i") or (), operator.table(_OPTIONS))
            for operator in main.tables(_OPERATORS, limit=_LIMIT)
        ),
    )


def _tensor(tensor: Table, buffers: Sequence[Table]) -> FileTensor:
    kind, buffer = ELEMENT_TYPES[tensor.number(_TYPE, "b")], buffers[tensor.number(_BUFFER, "I")]
    # Files beyond 2 GB keep data behind the tables.
    is_constant = buffer.byte_count(_DATA) > 0 or buffer.number(_DATA_SIZE, "Q") > 0
    return FileTensor(
        name=tensor.text(_NAME),
        element_type=kind,
        sizes=tensor.numbers(_SHAPE, "i") or (),
        is_constant=is_constant,
        numbers=_numbers(buffer, kind) if is_constant else (),
    )


def _numbers(buffer: Table, kind: str) -> tuple[int, ...]:
    code = _INTEGERS.get(kind)
    if code is None or buffer.byte_count(_DATA) > MAX_ATTRIBUTE_COUNT * struct.calcsize(code):
        return ()
    content = buffer.head(_DATA, MAX_ATTRIBUTE_COUNT * struct.calcsize(code))
    return struct.unpack(f"<{len(content) // struct.calcsize(code)}{code}", content)
