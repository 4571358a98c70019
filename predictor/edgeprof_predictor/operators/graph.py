"""What an engine tells of the graph that it runs, in a form that no engine and no protocol owns.

A graph comes from anywhere: the contract's record of an agent, an engine on the host, a file. Whatever was not reported
is left empty, and whatever is out of bounds is refused here, so that records are computed from sane numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edgeprof_predictor.errors import GraphError

MAX_NODES: Final = 100_000
MAX_TENSORS: Final = 4_096
"""Inputs, outputs or weights of one node."""

MAX_RANK: Final = 16
MAX_ELEMENTS: Final = 2**48
"""Elements of one tensor; larger ones do not fit any device and would overflow products of sizes."""

MAX_TEXT: Final = 1_024
MAX_WINDOW_US: Final = 1e12

_BYTES: Final = {
    "float32": 4, "float": 4, "f32": 4, "int32": 4, "i32": 4, "uint32": 4, "u32": 4,
    "float64": 8, "double": 8, "f64": 8, "int64": 8, "i64": 8, "uint64": 8, "u64": 8,
    "float16": 2, "f16": 2, "bfloat16": 2, "bf16": 2, "int16": 2, "i16": 2, "uint16": 2, "u16": 2,
    "int8": 1, "i8": 1, "uint8": 1, "u8": 1, "bool": 1, "boolean": 1, "char": 1,
    "int4": 0.5, "i4": 0.5, "uint4": 0.5, "u4": 0.5,
}  # fmt: skip
_UNKNOWN_BYTES: Final = 4

EXPORTED: Final = "onnx"
"""Engine of a graph that the engine of the setting did not tell: that of the exported file, constants folded."""

Attribute = str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value between operators, or a constant.

    Args:
        shape: Sizes of the axes; empty for a scalar. An axis whose size was not reported is 1.
        element_type: Type of an element as NumPy or the engine names it; empty if not reported.

    Raises:
        GraphError: If a size is out of range.
    """

    shape: tuple[int, ...]
    element_type: str = "float32"

    def __post_init__(self) -> None:
        if len(self.shape) > MAX_RANK:
            raise GraphError(f"a tensor has {len(self.shape)} axes; at most {MAX_RANK} are supported")
        elements = 1
        for size in self.shape:
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                raise GraphError(f"a tensor has an axis of size {size!r}; sizes are whole numbers of at least 0")
            elements *= max(size, 1)
            if elements > MAX_ELEMENTS:
                raise GraphError(f"a tensor of shape {list(self.shape)[:8]} is too large: over 2^48 elements")

    @property
    def elements(self) -> int:
        """Number of elements."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def bytes(self) -> float:
        """Size in memory, in bytes; an element of unknown type counts as 4."""
        return self.elements * _BYTES.get(self.element_type, _UNKNOWN_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator as an engine runs it.

    Args:
        name: Name in the engine's graph; need not be unique.
        type: Type of the operator as the engine names it.
        kernel: What the engine tells of the implementation: kernel, layout, domain; empty if not reported.
        inputs: Inputs that are computed at run time, in order.
        outputs: Outputs, in order.
        weights: Constant inputs, in order.
        sources: Position in the graph of the node that computes each input, -1 for an input of the model; empty if
            not reported.
        attributes: Attributes as the engine names them; numbers as tuples.
        window_us: Mean time of one run in each window of profiled runs, in microseconds; empty if not profiled.
    """

    name: str
    type: str
    kernel: str = ""
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    weights: tuple[Tensor, ...] = ()
    sources: tuple[int, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    window_us: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.name, self.type, self.kernel):
            if not isinstance(text, str) or len(text) > MAX_TEXT:
                raise GraphError(f"a node has a name, type or kernel that is no text of up to {MAX_TEXT} characters")
        for tensors in (self.inputs, self.outputs, self.weights):
            if len(tensors) > MAX_TENSORS:
                raise GraphError(f"node {self.name!r} has {len(tensors)} tensors; at most {MAX_TENSORS} are supported")
        for window in self.window_us:
            if not 0 <= window <= MAX_WINDOW_US:
                raise GraphError(f"node {self.name!r} has a time of {window!r} us; it must be in [0, 1e12]")

    def number(self, name: str, default: int) -> int:
        """Return the first number of an attribute."""
        numbers = self.numbers(name)
        return numbers[0] if numbers else default

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return the numbers of an attribute; empty where it was not reported."""
        value = self.attributes.get(name, ())
        return () if isinstance(value, str) else value

    def text(self, name: str) -> str:
        """Return the text of an attribute; empty where it was not reported."""
        value = self.attributes.get(name, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The operators that an engine runs for a model, in the order in which they run.

    Args:
        engine: Which translation reads the nodes: "onnxruntime", "openvino", "tflite", "ncnn" or `EXPORTED`.
        nodes: The operators.

    Raises:
        GraphError: If there are too many nodes.
    """

    engine: str
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if len(self.nodes) > MAX_NODES:
            raise GraphError(f"the graph has {len(self.nodes)} operators; at most {MAX_NODES} are supported")
        for position, node in enumerate(self.nodes):
            if any(not -1 <= source < position for source in node.sources):
                raise GraphError(f"node {node.name!r} reads from a node that does not run before it")
