"""Builds the record of an optimised graph from what an engine tells, within the bounds of the record."""

import dataclasses
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.graph import (
    LEFT_OUT,
    MAX_ATTRIBUTE_COUNT,
    MAX_EDGE_COUNT,
    MAX_NODE_COUNT,
    MAX_TENSOR_COUNT,
    MAX_TEXT_LENGTH,
    GraphAttribute,
    GraphNode,
    GraphTensor,
    OptimizedGraph,
)
from edgeprof_proto.records.job_spec import MAX_RANK

MAX_GRAPH_BYTES = 3 * 1024 * 1024
"""Size of a graph in JSON at most. A worker's line holds it beside everything else that is told of a model."""

_MAX_SIZE = 2**63 - 1

AttributeValue = int | str | Sequence[int] | Sequence[str]
"""A number, a text, or several of one kind."""

_BYTE_BITS = 8


class GraphBuilder:
    """Collects nodes and tensors by name; what is beyond the bounds is counted and left out."""

    def __init__(self) -> None:
        self._tensors: dict[str, GraphTensor] = {}
        self._nodes: list[tuple[GraphNode, tuple[str, ...], tuple[str, ...]]] = []
        self._node_count = 0

    def add_tensor(
        self,
        name: str,
        *,
        element_type: str = "",
        sizes: Iterable[int] | None = None,
        layout: str = "",
        is_constant: bool = False,
    ) -> None:
        """Tell what is known of a tensor; the last call for a name holds.

        Args:
            name: Its name.
            element_type: NumPy's name of the type of its elements; empty where it is not known.
            sizes: Its shape, -1 for an open size; None where it is not known.
            layout: Order of its elements in memory, as the engine names it.
            is_constant: Whether it never changes.
        """
        known = None if sizes is None else tuple(min(max(LEFT_OUT, int(size)), _MAX_SIZE) for size in sizes)
        if known is not None and len(known) > MAX_RANK:
            known = None
        self._tensors[name] = GraphTensor(
            name=_text(name),
            element_type=_text(element_type),
            sizes=known or (),
            has_sizes=known is not None,
            layout=_text(layout),
            constant_bytes=byte_count(element_type, known) if is_constant else None,
        )

    def add_node(
        self,
        name: str,
        node_type: str,
        inputs: Iterable[str],
        outputs: Iterable[str],
        *,
        kernel: str = "",
        provider: str = "",
        precision: str = "",
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Add the next node.

        Args:
            name: Its name.
            node_type: Its type, as the engine names it.
            inputs: Names of the tensors that it reads; empty for one that is left out.
            outputs: Names of the tensors that it writes; empty for one that is left out.
            kernel: Its kernel, as the engine names it.
            provider: Where it runs.
            precision: In which precision it computes.
            attributes: What else decides its time.
        """
        self._node_count += 1
        if len(self._nodes) < MAX_NODE_COUNT:
            node = GraphNode(
                name=_text(name),
                type=_text(node_type),
                kernel=_text(kernel),
                provider=_text(provider),
                precision=_text(precision),
                attributes=tuple(
                    _attribute(key, value) for key, value in list((attributes or {}).items())[:MAX_ATTRIBUTE_COUNT]
                ),
            )
            self._nodes.append((node, tuple(inputs)[:MAX_EDGE_COUNT], tuple(outputs)[:MAX_EDGE_COUNT]))

    def build(
        self, inputs: Iterable[str], outputs: Iterable[str], *, is_shaped_by_run: bool = False, is_derived: bool = False
    ) -> OptimizedGraph:
        """Return the graph, with the nodes that fit into `MAX_GRAPH_BYTES`.

        Args:
            inputs: Names of the inputs of the model.
            outputs: Names of its outputs.
            is_shaped_by_run: Whether shapes and providers were seen in a run.
            is_derived: Whether the engine does not hand its graph over.
        """
        positions: dict[str, int] = {}
        tensors: list[GraphTensor] = []
        byte_count = 0

        def position_of(name: str) -> int:
            nonlocal byte_count
            if not name:
                return LEFT_OUT
            if name not in positions:
                if len(tensors) == MAX_TENSOR_COUNT:
                    return LEFT_OUT
                positions[name] = len(tensors)
                tensors.append(self._tensors.get(name) or GraphTensor(name=_text(name)))
                byte_count += _byte_count_of(tensors[-1])
            return positions[name]

        input_positions, output_positions = ([position_of(name) for name in names] for names in (inputs, outputs))
        nodes: list[GraphNode] = []
        for node, read, written in self._nodes:
            edges = [tuple(position_of(name) for name in names) for names in (read, written)]
            byte_count += _byte_count_of(node) + 8 * sum(map(len, edges))
            if byte_count > MAX_GRAPH_BYTES:
                break
            nodes.append(dataclasses.replace(node, inputs=edges[0], outputs=edges[1]))
        return OptimizedGraph(
            nodes=tuple(nodes),
            tensors=tuple(tensors),
            inputs=tuple(input_positions),
            outputs=tuple(output_positions),
            node_count=self._node_count,
            is_shaped_by_run=is_shaped_by_run,
            is_derived=is_derived,
        )


def byte_count(element_type: str, sizes: Sequence[int] | None) -> int:
    """Return the size of a tensor in bytes; 0 where type or shape are not known.

    Args:
        element_type: NumPy's name of the type of its elements.
        sizes: Its shape.
    """
    if sizes is None or any(size < 0 for size in sizes):
        return 0
    found = re.search(r"\d+", element_type)
    bits = int(found[0]) if found else _BYTE_BITS * (element_type == "bool")
    return min(-(-math.prod(sizes) * bits // _BYTE_BITS), _MAX_SIZE)


def _attribute(name: str, value: AttributeValue) -> GraphAttribute:
    values = (value,) if isinstance(value, int | str) else tuple(value)[:MAX_ATTRIBUTE_COUNT]
    integers = [item for item in values if isinstance(item, int)]
    return GraphAttribute(
        name=_text(name),
        integers=tuple(min(max(-_MAX_SIZE, int(item)), _MAX_SIZE) for item in integers),
        texts=tuple(_text(item) for item in values if isinstance(item, str)),
    )


def _byte_count_of(record: GraphNode | GraphTensor) -> int:
    return len(json.dumps(to_json(record)))


def _text(text: str) -> str:
    # What UTF-8 cannot encode no message carries.
    return text[:MAX_TEXT_LENGTH].encode("utf-8", errors="replace").decode()
