"""Graph and times of the operators of a measured model; times again where something disturbed them."""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from edgeprof_agent.errors import AgentError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.measurement import NodeCount, OperatorTime

MAX_OPERATORS_BYTES = 3 * 1024 * 1024
"""Size in JSON of the operators that are told at most: more would not fit into one event beside the graph."""

DISTURBED_RATIO = 1.3
"""Sum of the operators' times, relative to the measured median, above which they are timed again."""

MAX_PROFILE_COUNT = 3
"""Times that the operators are timed at most. Beside tiny operators the profiler alone takes more than that ratio."""


@dataclasses.dataclass(frozen=True, slots=True)
class Inspection:
    """What an engine tells of a measured model: where nodes ran, its graph, times of operators."""

    node_counts: tuple[NodeCount, ...]
    graph: OptimizedGraph | None
    operators: tuple[OperatorTime, ...]


def inspect_model(
    model: LoadedModel, request: WorkerRequest, remembered: tuple[NodeCount, ...], median_ms: float
) -> Inspection:
    """Ask for what a job wants to know beside the runs.

    Args:
        model: The model, measured.
        request: What the job wants.
        remembered: Node counts that are known already; empty to count.
        median_ms: The measured median, in milliseconds.
    """
    spec = request.spec
    # The operators of a model of a series tell as much as a profile for counting would, which would take as long.
    node_counts = remembered or (() if request.series and spec.wants_operators else _count_nodes(model))
    graph = read_graph(model) if spec.wants_graph else None
    operators = time_operators(model, median_ms) if spec.wants_operators else ()
    if not node_counts and request.series:
        node_counts = _counts_of(operators) or _count_nodes(model)
    return Inspection(node_counts, graph, operators)


def read_graph(model: LoadedModel) -> OptimizedGraph | None:
    """Return the graph that the engine made of a model; None where it does not report one, or failed to.

    Args:
        model: The model, measured.
    """
    try:
        return model.read_graph()
    except AgentError as error:
        # The runs are valid without the graph, so they are kept.
        print(f"the graph of the model could not be read: {error}", file=sys.stderr)
        return None


def time_operators(model: LoadedModel, median_ms: float) -> tuple[OperatorTime, ...]:
    """Time each operator of a model.

    Args:
        model: The model, measured.
        median_ms: The measured median, in milliseconds.

    Returns:
        The operators in the order of execution, of the profile with the smallest sum; empty where the engine does not
        report their times, or failed to.
    """
    best: tuple[OperatorTime, ...] = ()
    best_ms = 0.0
    for _ in range(MAX_PROFILE_COUNT):
        try:
            operators = tuple(model.time_operators())
        except AgentError as error:
            # The runs are valid without times of operators, so they are kept.
            print(f"the operators could not be timed: {error}", file=sys.stderr)
            break
        total_ms = sum(operator.time_ms for operator in operators)
        if not best or total_ms < best_ms:
            best, best_ms = operators, total_ms
        if best_ms <= DISTURBED_RATIO * median_ms:
            break
    return _fitting(best)


def _fitting(operators: tuple[OperatorTime, ...]) -> tuple[OperatorTime, ...]:
    """Return the first operators that fit into `MAX_OPERATORS_BYTES`."""
    byte_count = 0
    for index, operator in enumerate(operators):
        byte_count += len(json.dumps(to_json(operator)))
        if byte_count > MAX_OPERATORS_BYTES:
            return operators[:index]
    return operators


def _count_nodes(model: LoadedModel) -> tuple[NodeCount, ...]:
    try:
        return _node_counts(model.count_nodes())
    except AgentError as error:
        # The runs are valid without node counts, so they are kept.
        print(f"the nodes of each provider could not be counted: {error}", file=sys.stderr)
        return ()


def _counts_of(operators: Sequence[OperatorTime]) -> tuple[NodeCount, ...]:
    """Count the nodes of each provider among the operators; none where a provider is not reported."""
    counts = Counter(operator.provider for operator in operators)
    return () if "" in counts else _node_counts(counts)


def _node_counts(counts: Mapping[str, int]) -> tuple[NodeCount, ...]:
    return tuple(NodeCount(provider=provider, node_count=count) for provider, count in sorted(counts.items()))
