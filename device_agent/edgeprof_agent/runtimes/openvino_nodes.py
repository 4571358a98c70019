"""What OpenVINO made of a model: the nodes that it executes, their times, and whether they compute in integers."""

import dataclasses
import datetime
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgeprof_agent.runtimes.operator_times import PROFILE_DURATION_S, ProfiledOperator, operator_times, shape_text
from edgeprof_proto.records.graph import MAX_TEXT_LENGTH
from edgeprof_proto.records.measurement import OperatorTime

NOT_COMPUTED = frozenset({"Const", "Constant", "Input", "Output", "Parameter", "Result"})
"""Nodes of a compiled model that hold what goes in, comes out or never changes."""

GROWING_WINDOWS = (3, 12, 48)
"""Runs in each window of the profile of a fast model; a run before them warms up."""

WORKING = frozenset(
    {"Convolution", "GroupConvolution", "Deconvolution", "FullyConnected", "MatMul", "RNNCell", "RNNSeq"}
)
"""Nodes that decide the precision: convolutions and matrix products."""

_INTEGER_KERNELS = ("_i8", "_u8")
"""Ends of the names of kernels, for example `brgconv_avx512_i8`. The precision that a node names beside its kernel is
that of its input: a convolution of 8-bit integers may run a kernel of float32."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A reading of the counters of a compiled model.

    Args:
        run_count: Runs since it was compiled.
        mean_us: Mean time of each node over these runs, by name and type, rounded down to whole microseconds; in the
            order of execution.
        executed: The nodes of which OpenVINO says that they were executed: those whose mean is not 0.
    """

    run_count: int
    mean_us: dict[tuple[str, str], float]
    executed: frozenset[tuple[str, str]]


def read_counters(entries: Iterable[Any], run_count: int) -> Reading:
    """Read the counters of the nodes that compute.

    Args:
        entries: The profile.
        run_count: Runs since the model was compiled.
    """
    computing = [entry for entry in entries if entry.node_type not in NOT_COMPUTED]
    return Reading(
        run_count,
        {_key(entry): entry.real_time / datetime.timedelta(microseconds=1) for entry in computing},
        frozenset(_key(entry) for entry in computing if entry.status.name == "EXECUTED"),
    )


def _key(entry: Any) -> tuple[str, str]:
    return str(entry.node_name), str(entry.node_type)


def window_sizes(run_s: float) -> tuple[int, ...]:
    """Return how many runs each window of a profile has.

    A reading is a mean over all runs since the model was compiled, in whole microseconds, so that the windows of a
    fast model must grow: a window that ends at run n tells a time to about n / size microseconds.

    Args:
        run_s: Time of a run, in seconds.
    """
    if sum(GROWING_WINDOWS) * run_s <= PROFILE_DURATION_S:
        return GROWING_WINDOWS
    return (max(1, int(PROFILE_DURATION_S / run_s / len(GROWING_WINDOWS))),) * len(GROWING_WINDOWS)


def time_nodes(
    readings: Sequence[Reading], compiled: Any, provider: str, positions: Mapping[str, int]
) -> list[OperatorTime]:
    """Return the time of each executed node.

    Args:
        readings: After the first run, which tells best what is executed, after the warm-up, and after each window.
        compiled: The compiled model.
        provider: Where it ran.
        positions: Positions of nodes in the graph that is told, by name.
    """
    executed = frozenset[tuple[str, str]]().union(*(reading.executed for reading in readings))
    outputs = {node.get_friendly_name(): node for node in compiled.get_runtime_model().get_ops()}
    windows = list(itertools.pairwise(readings[1:]))
    return operator_times(
        ProfiledOperator(
            name=key[0],
            type=key[1],
            window_ms=tuple(_window_ms(before, after, key) for before, after in windows),
            shapes=_shapes(outputs[key[0]]) if key[0] in outputs else (),
            provider=provider,
            node_index=positions.get(key[0][:MAX_TEXT_LENGTH]),
        )
        for key in readings[-1].mean_us
        if key in executed
    )


def _window_ms(before: Reading, after: Reading, key: tuple[str, str]) -> float:
    """Return the mean time of a node in the runs between two readings."""
    # What rounding has taken from a mean of n runs is (n - 1) / 2n microseconds on average.
    first_us, last_us = (
        reading.run_count * reading.mean_us.get(key, 0.0) + (reading.run_count - 1) / 2 for reading in (before, after)
    )
    return max(0.0, last_us - first_us) / (after.run_count - before.run_count) / 1_000


def _shapes(node: Any) -> tuple[str, ...]:
    """Return the shapes of what a node writes."""
    return tuple(shape_text(value.get_partial_shape()) for value in node.outputs())


def computes_in_integers(compiled: Any) -> bool:
    """Tell whether at least half of the convolutions and matrix products of a compiled model run kernels of 8 bits.

    Args:
        compiled: The compiled model.
    """
    kernels = [
        information["primitiveType"].astype(str).lower()
        for information in (node.get_rt_info() for node in compiled.get_runtime_model().get_ops())
        if information["layerType"].astype(str) in WORKING
    ]
    return bool(kernels) and 2 * sum(name.endswith(_INTEGER_KERNELS) for name in kernels) >= len(kernels)
