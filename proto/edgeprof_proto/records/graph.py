"""The graph that an engine runs, as it stands after its optimisation. Bounded: it comes from files of strangers."""

import dataclasses

from edgeprof_proto.records.job_spec import MAX_RANK
from edgeprof_proto.records.validation import require

MAX_NODE_COUNT = 10_000
"""Nodes of a graph that are told at most."""

MAX_TENSOR_COUNT = 50_000
"""Tensors of a graph that are told at most."""

MAX_EDGE_COUNT = 1_000
"""Tensors that one node reads, or writes, at most."""

MAX_ATTRIBUTE_COUNT = 32
"""Attributes of a node that are told at most, and numbers or texts of one attribute."""

MAX_TEXT_LENGTH = 200
"""Characters of a name or a text that are told."""

LEFT_OUT = -1
"""Position of an input or an output of a node that is left out, and size of an open dimension."""

_MAX_INT64 = 2**63 - 1


def _require_texts(what: str, *texts: str) -> None:
    require(
        all(len(text) <= MAX_TEXT_LENGTH for text in texts), f"{what} must have {MAX_TEXT_LENGTH} characters at most"
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GraphAttribute:
    """An attribute of a node: its numbers, or its texts."""

    name: str
    integers: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_texts("names and texts of graph.nodes.attributes", self.name, *self.texts)
        for values in (self.integers, self.texts):
            require(
                len(values) <= MAX_ATTRIBUTE_COUNT,
                f"graph.nodes.attributes must have {MAX_ATTRIBUTE_COUNT} values at most, got {len(values)}",
            )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A node: its type and kernel as the engine names them, and the positions of the tensors that it reads and writes.

    An input or an output that is left out has the position -1.
    """

    name: str
    type: str
    kernel: str = ""
    provider: str = ""
    precision: str = ""
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    attributes: tuple[GraphAttribute, ...] = ()

    def __post_init__(self) -> None:
        _require_texts("texts of graph.nodes", self.name, self.type, self.kernel, self.provider, self.precision)
        for name in ("inputs", "outputs"):
            count = len(getattr(self, name))
            require(count <= MAX_EDGE_COUNT, f"graph.nodes.{name} must be {MAX_EDGE_COUNT} at most, got {count}")
        require(
            len(self.attributes) <= MAX_ATTRIBUTE_COUNT,
            f"graph.nodes.attributes must be {MAX_ATTRIBUTE_COUNT} at most, got {len(self.attributes)}",
        )

    def attribute(self, name: str) -> GraphAttribute | None:
        """Return the attribute of a name; None where the node has none."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GraphTensor:
    """A tensor; `sizes` are known where `has_sizes`, and -1 is an open one. `constant_bytes` of what never changes."""

    name: str
    element_type: str = ""
    sizes: tuple[int, ...] = ()
    has_sizes: bool = False
    layout: str = ""
    constant_bytes: int | None = None

    def __post_init__(self) -> None:
        _require_texts("texts of graph.tensors", self.name, self.element_type, self.layout)
        require(
            len(self.sizes) <= MAX_RANK and all(LEFT_OUT <= size <= _MAX_INT64 for size in self.sizes),
            f"graph.tensors.sizes must be {MAX_RANK} sizes of -1 or more at most, got {self.sizes[:40]}",
        )
        require(
            self.constant_bytes is None or 0 <= self.constant_bytes <= _MAX_INT64,
            f"graph.tensors.constant_bytes must be >= 0, got {self.constant_bytes}",
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OptimizedGraph:
    """Nodes and tensors; `inputs` and `outputs` of the model are positions of tensors.

    Where `is_shaped_by_run`, shapes and providers were seen in a run. Where `is_derived`, the engine does not hand its
    graph over: this one follows from the file and from what delegates took.
    """

    nodes: tuple[GraphNode, ...] = ()
    tensors: tuple[GraphTensor, ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    node_count: int = 0
    is_shaped_by_run: bool = False
    is_derived: bool = False

    def __post_init__(self) -> None:
        for name, limit in (("nodes", MAX_NODE_COUNT), ("tensors", MAX_TENSOR_COUNT)):
            count = len(getattr(self, name))
            require(count <= limit, f"graph.{name} must be {limit} at most, got {count}")
        require(
            self.node_count >= len(self.nodes),
            f"graph.node_count must be >= the {len(self.nodes)} nodes, got {self.node_count}",
        )
        edges = [self.inputs, self.outputs, *(edge for node in self.nodes for edge in (node.inputs, node.outputs))]
        require(
            all(LEFT_OUT <= position < len(self.tensors) for edge in edges for position in edge),
            f"positions of tensors in a graph must be -1 to {len(self.tensors) - 1}",
        )

    @property
    def is_complete(self) -> bool:
        """Whether every node is told."""
        return self.node_count == len(self.nodes)
