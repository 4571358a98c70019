"""What OpenVINO made of a model: the nodes that it executes, their times, and whether they compute in integers."""

from collections.abc import Iterable, Sequence
from typing import Any

from edgeprof_proto.records.measurement import OperatorTime

NOT_COMPUTED = frozenset({"Const", "Constant", "Input", "Output", "Parameter", "Result"})
"""Nodes of a compiled model that hold what goes in, comes out or never changes."""

WORKING = frozenset(
    {"Convolution", "GroupConvolution", "Deconvolution", "FullyConnected", "MatMul", "RNNCell", "RNNSeq"}
)
"""Nodes that decide the precision: convolutions and matrix products."""

_INTEGER_KERNELS = ("_i8", "_u8")
"""Ends of the names of kernels, for example `brgconv_avx512_i8`. The precision that a node names beside its kernel is
that of its input: a convolution of 8-bit integers may run a kernel of float32."""


def executed(entries: Iterable[Any]) -> list[Any]:
    """Return the entries of the nodes that a run executed, in its order.

    Args:
        entries: The profile of the run.
    """
    return [entry for entry in entries if entry.status.name == "EXECUTED" and entry.node_type not in NOT_COMPUTED]


def operator_times(profiles: Sequence[Sequence[Any]], compiled: Any, provider: str) -> list[OperatorTime]:
    """Return the mean time of each executed node.

    Args:
        profiles: The executed entries of each run.
        compiled: The compiled model.
        provider: Where it ran.
    """
    times_ms: dict[tuple[str, str], float] = {}
    for entries in profiles:
        for entry in entries:
            key = entry.node_name, entry.node_type
            times_ms[key] = times_ms.get(key, 0.0) + entry.real_time.total_seconds() * 1_000 / len(profiles)
    total_ms = sum(times_ms.values())
    shapes = {node.get_friendly_name(): _shapes(node) for node in compiled.get_runtime_model().get_ops()}
    return [
        OperatorTime(
            name=name,
            type=kind,
            time_ms=time_ms,
            share=time_ms / total_ms if total_ms else 0.0,
            shapes=shapes.get(name, ()),
            provider=provider,
        )
        for (name, kind), time_ms in times_ms.items()
    ]


def _shapes(node: Any) -> tuple[str, ...]:
    """Return the shapes of what a node reads."""
    return tuple("x".join(map(str, value.get_partial_shape())) for value in node.inputs())


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
