"""Writes one graph of TensorFlow Lite's built-in operators as a `.tflite` file.

Tensors and operators are collected, and what no output needs is left out of the file. The schema is that of
ai-edge-litert, which is imported when the file is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeprof.exporters.onnx_to_tflite.graph import Array, Shape

NONE, RELU, RELU6, TANH = 0, 1, 3, 4
"""Numbers of activations that are computed with an operator (`ActivationFunctionType`)."""

SAME, VALID = 0, 1
"""Numbers of the kinds of padding (`Padding`)."""

ABSENT = -1
"""In place of an operator's input that is left out."""

Options = tuple[str, Mapping[str, Any]]
"""Name of a table of options in the schema, and its fields."""

_IDENTIFIER, _SCHEMA_VERSION = b"TFL3", 3
_ALIGNMENT = 16
"""Of the contents of tensors, in bytes, as the schema demands."""

_LAST_OLD_CODE = 127
"""Operators beyond it have their number in a field that older schemas do not have."""


@dataclass(slots=True)
class _Tensor:
    shape: Shape
    element_type: np.dtype[Any]
    content: Array | None
    name: str
    is_variable: bool


@dataclass(frozen=True, slots=True)
class _Operator:
    code: tuple[str, int]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options | None


class TfliteFile:
    """Collects the tensors and operators of one graph. Tensors are named by their numbers."""

    def __init__(self) -> None:
        self.inputs: list[int] = []
        """Tensors that the graph is given."""
        self.outputs: list[int] = []
        """Tensors that it returns."""
        self._tensors: list[_Tensor] = []
        self._operators: list[_Operator] = []

    def tensor(
        self,
        shape: Sequence[int],
        element_type: Any,
        *,
        name: str = "",
        content: Array | None = None,
        is_variable: bool = False,
    ) -> int:
        """Add a tensor and return its number.

        Args:
            shape: Its sizes.
            element_type: Type of its elements in NumPy.
            name: Its name in the file.
            content: Its elements, if it is a constant.
            is_variable: Whether it keeps its elements from one run to the next.
        """
        self._tensors.append(_Tensor(tuple(shape), np.dtype(element_type), content, name, is_variable))
        return len(self._tensors) - 1

    def name(self, tensor: int, name: str) -> None:
        """Name a tensor that has no name yet."""
        self._tensors[tensor].name = self._tensors[tensor].name or name

    def shape(self, tensor: int) -> Shape:
        """Return the sizes of a tensor."""
        return self._tensors[tensor].shape

    def element_type(self, tensor: int) -> np.dtype[Any]:
        """Return the type of a tensor's elements."""
        return self._tensors[tensor].element_type

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        options: Options | None = None,
        version: int = 1,
    ) -> None:
        """Add an operator.

        Args:
            name: Its name in `BuiltinOperator`.
            inputs: The tensors that it reads.
            outputs: Those that it writes.
            options: Its options, where they are not the schema's defaults.
            version: The lowest version of the operator that supports its types, ranks and options.
        """
        self._operators.append(_Operator((name, version), tuple(inputs), tuple(outputs), options))

    def content(self) -> bytes:
        """Return the file."""
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema

        operators = self._needed_operators()
        codes = list(dict.fromkeys(operator.code for operator in operators))
        used = [*self.inputs, *(index for operator in operators for index in (*operator.inputs, *operator.outputs))]
        numbers = {tensor: number for number, tensor in enumerate(index for index in dict.fromkeys(used) if index >= 0)}
        numbers[ABSENT] = ABSENT

        graph, buffers = schema.SubGraphT(), [schema.BufferT()]
        graph.name = "main"
        graph.inputs, graph.outputs = (
            _numbers(numbers[index] for index in ends) for ends in (self.inputs, self.outputs)
        )
        graph.tensors = [self._packed_tensor(schema, index, buffers) for index in numbers if index >= 0]
        graph.operators = [_packed_operator(schema, operator, codes, numbers) for operator in operators]
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = _SCHEMA_VERSION, [graph], buffers
        model.operatorCodes = [_packed_code(schema, *code) for code in codes]
        content_bytes = sum(item.content.nbytes for item in self._tensors if item.content is not None)
        builder = flatbuffers.Builder(content_bytes + 1024 * (len(numbers) + 1))
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())

    def _needed_operators(self) -> list[_Operator]:
        needed, kept = set(self.outputs), []
        for operator in reversed(self._operators):
            if not needed.isdisjoint(operator.outputs):
                needed.update(operator.inputs)
                kept.append(operator)
        return kept[::-1]

    def _packed_tensor(self, schema: Any, index: int, buffers: list[Any]) -> Any:
        found = self._tensors[index]
        tensor = schema.TensorT()
        tensor.name = found.name or f"value_{index}"
        tensor.shape, tensor.isVariable = _numbers(found.shape), found.is_variable
        tensor.type = getattr(schema.TensorType, found.element_type.name.upper())
        if found.content is not None:
            tensor.buffer = len(buffers)
            buffers.append(_AlignedBuffer(schema, found.content))
        return tensor


@dataclass(frozen=True, slots=True)
class _AlignedBuffer:
    """Stands for a `BufferT`, which does not align what it holds."""

    schema: Any
    content: Array

    def Pack(self, builder: Any) -> Any:
        elements = np.ascontiguousarray(self.content).reshape(-1).view(np.uint8)
        builder.Prep(_ALIGNMENT, elements.size)
        data = builder.CreateNumpyVector(elements)
        self.schema.BufferStart(builder)
        self.schema.BufferAddData(builder, data)
        return self.schema.BufferEnd(builder)


def _numbers(values: Any) -> Array:
    return np.array(list(values), np.int32)


def _packed_code(schema: Any, name: str, version: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, name)
    code.deprecatedBuiltinCode = min(code.builtinCode, _LAST_OLD_CODE)
    code.version = version
    return code


def _packed_operator(
    schema: Any, found: _Operator, codes: Sequence[tuple[str, int]], numbers: Mapping[int, int]
) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = codes.index(found.code)
    operator.inputs, operator.outputs = (
        _numbers(numbers[index] for index in ends) for ends in (found.inputs, found.outputs)
    )
    if found.options is not None:
        kind, fields = found.options
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        operator.builtinOptions = getattr(schema, f"{kind}T")()
        for name, value in fields.items():
            assert hasattr(operator.builtinOptions, name), (kind, name)
            setattr(operator.builtinOptions, name, value)
    return operator
