"""What a session has measured of a model, and whether it is to measure it again."""

from collections.abc import Sequence

from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.operator_models.measured import is_disturbed
from edgeprof.store import Probe
from edgeprof_proto.records.measurement import Measurement

MAX_PROFILED_COUNT = 2
"""Measurements with operators of a model at most, the second where the profile of the first was disturbed."""

MAX_REPEAT_COUNT = 2
"""Further measurements of a model at most, its latency alone, in rounds over all: a slow stretch of the device outlasts
one measurement, and every second one of a shared machine lay in such a stretch. On a quiet device the first agrees with
what was measured before, and there is no second."""


def wants_another(planned: Sequence[Probe]) -> bool:
    """Tell whether another measurement of a model with its operators is to be planned.

    Args:
        planned: Its measurements so far, planned, done or given up.
    """
    return all(probe.state == "measured" for probe in planned) and not is_profiled(planned)


def is_profiled(planned: Sequence[Probe]) -> bool:
    """Tell whether a model has its measurement with operators, as undisturbed as it will be.

    Args:
        planned: Its measurements so far.
    """
    measured = measurements_of(planned)
    return bool(measured) and (len(measured) >= MAX_PROFILED_COUNT or not is_disturbed(measured[0]))


def wants_repeat(planned: Sequence[Probe], number: int) -> bool:
    """Tell whether the latency of a model is to be measured once more: it has no repeat yet, or they disagree.

    Args:
        planned: Its measurements so far; one that failed is not repeated.
        number: Repeats that it may have.
    """
    if not is_profiled(planned) or any(probe.failure is not None for probe in planned):
        return False
    measured = measurements_of(planned)
    repeat_count = len(measured) - (MAX_PROFILED_COUNT if is_disturbed(measured[0]) else 1)
    return repeat_count < number and (repeat_count == 0 or not estimate_latency(measured).is_converged)


def measurements_of(planned: Sequence[Probe]) -> list[Measurement]:
    """Return what was measured of a model.

    Args:
        planned: Its measurements so far.
    """
    return [probe.measurement for probe in planned if probe.measurement is not None]
