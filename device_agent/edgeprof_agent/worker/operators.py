"""Times of a model's operators: taken after the measured runs, and again where something disturbed them."""

import sys

from edgeprof_agent.errors import AgentError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_proto.records.measurement import OperatorTime

MAX_OPERATOR_COUNT = 100_000
"""Operators whose times a measurement tells at most."""

DISTURBED_RATIO = 1.3
"""Sum of the operators' times, relative to the measured median, above which they are timed again."""

MAX_PROFILE_COUNT = 3
"""Times that the operators are timed at most. Beside tiny operators the profiler alone takes more than that ratio."""


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
            operators = tuple(model.time_operators())[:MAX_OPERATOR_COUNT]
        except AgentError as error:
            # The runs are valid without times of operators, so they are kept.
            print(f"the operators could not be timed: {error}", file=sys.stderr)
            break
        total_ms = sum(operator.time_ms for operator in operators)
        if not best or total_ms < best_ms:
            best, best_ms = operators, total_ms
        if best_ms <= DISTURBED_RATIO * median_ms:
            break
    return best
