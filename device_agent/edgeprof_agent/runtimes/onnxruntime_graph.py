"""The graph that ONNX Runtime made of a model: saved by a session, with shapes and providers from its profile.

ONNX Runtime writes the optimised model without shapes of what lies between its fused and layout operators, and shape
inference does not know these. So the model is run once, and the profile tells what each node wrote.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgeprof_agent.models.onnx_signature import ELEMENT_TYPES
from edgeprof_agent.runtimes.graph_builder import AttributeValue, GraphBuilder
from edgeprof_agent.runtimes.onnxruntime_profile import NodeKey, NodeRun, keys_of, read_runs
from edgeprof_proto.records.graph import MAX_TEXT_LENGTH, OptimizedGraph
from edgeprof_proto.shared.onnx_graph import Graph, Node, read_model

GRAPH_NAME, _WEIGHTS_NAME = "graph.onnx", "graph.bin"

_TYPES = {"float": "float32", "double": "float64"}
"""NumPy's names of types by those of the profile, where they differ."""


def save_graph(options: Any, folder: Path) -> None:
    """Have a session write its graph into a folder, as `GRAPH_NAME`.

    Args:
        options: The session's options.
        folder: An empty folder.
    """
    options.optimized_model_filepath = str(folder / GRAPH_NAME)
    # Weights go into a file of their own, which nobody reads.
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", _WEIGHTS_NAME)
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "0")
    # They may be larger than any file that a worker may write.
    (folder / _WEIGHTS_NAME).symlink_to(os.devnull)


def read_graph(folder: Path, profile_path: Path, feeds: Mapping[str, Any]) -> OptimizedGraph:
    """Read the graph that a session has written.

    Args:
        folder: The folder of `save_graph`.
        profile_path: The session's profile of at least one run; a file that is missing where it had none.
        feeds: The arrays that the run was given.

    Raises:
        ValueError: If a file is damaged.
        OSError: If one cannot be read.
    """
    graph = read_model(folder / GRAPH_NAME, with_attributes=True).graph
    run = next(read_runs(profile_path), []) if profile_path.exists() else []
    keyed = list(_keyed(graph))
    ran = dict(keys_of(run, {name for (name, _, _), _ in keyed}))
    builder = GraphBuilder()
    for name, tensor in graph.initializers.items():
        kind = ELEMENT_TYPES.get(tensor.element_type, "")
        builder.add_tensor(name, element_type=kind, sizes=tensor.dimensions, is_constant=True)
    for name, values in feeds.items():
        builder.add_tensor(name, element_type=str(values.dtype), sizes=values.shape)
    for key, node in keyed:
        _add_node(builder, node, ran.get(key))
    inputs = [value.name for value in graph.fed_inputs()]
    # A run that failed stopped on the way.
    return builder.build(inputs, graph.outputs, is_shaped_by_run=all(key in ran for key, _ in keyed))


def positions_of(graph: OptimizedGraph) -> dict[NodeKey, int]:
    """Return the positions of the nodes of a graph by the keys that they have in a profile.

    Args:
        graph: The graph.
    """
    counts: Counter[tuple[str, str]] = Counter()
    positions: dict[NodeKey, int] = {}
    for position, node in enumerate(graph.nodes):
        positions[node.name, node.type, counts[node.name, node.type]] = position
        counts[node.name, node.type] += 1
    return positions


def _keyed(graph: Graph) -> Iterator[tuple[NodeKey, Node]]:
    counts: Counter[tuple[str, str]] = Counter()
    for node in graph.nodes:
        name = node.name[:MAX_TEXT_LENGTH]
        yield (name, node.operator, counts[name, node.operator]), node
        counts[name, node.operator] += 1


def _add_node(builder: GraphBuilder, node: Node, ran: NodeRun | None) -> None:
    written = [name for name in node.outputs if name]
    # The profile has no entry for an output that is left out.
    if ran is not None and len(written) == len(ran.outputs):
        for name, (kind, sizes) in zip(written, ran.outputs, strict=True):
            builder.add_tensor(name, element_type=_TYPES.get(kind, kind), sizes=sizes)
    attributes: dict[str, AttributeValue] = {**node.lists, **node.integers, **node.texts}
    builder.add_node(
        node.name,
        node.operator,
        node.inputs,
        node.outputs,
        kernel=node.domain,
        provider="" if ran is None else ran.provider,
        attributes=attributes,
    )
