"""Graph and times of the operators of a measured model; times again where something disturbed them."""

import json
import sys

from edgeprof_agent.errors import AgentError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.measurement import OperatorTime

MAX_OPERATORS_BYTES = 3 * 1024 * 1024
"""Size in JSON of the operators that are told at most: more would not fit into one event beside the graph."""

DISTURBED_RATIO = 1.3
"""Sum of the operators' times, relative to the measured median, above which they are timed again."""

MAX_PROFILE_COUNT = 3
"""Times that the operators are timed at most. Beside tiny operators the profiler alone takes more than that ratio."""


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
