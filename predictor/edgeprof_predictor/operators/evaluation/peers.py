"""Simpler predictors beside the operator model: arithmetic, roofline, roofline by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord

Array = NDArray[np.float64]

_COMPUTE = frozenset(
    {
        OperatorClass.CONVOLUTION,
        OperatorClass.POINTWISE,
        OperatorClass.GROUPED,
        OperatorClass.TRANSPOSED_CONVOLUTION,
        OperatorClass.CONVOLUTION_1D,
        OperatorClass.CONVOLUTION_3D,
        OperatorClass.DENSE,
        OperatorClass.MATRIX,
        OperatorClass.ATTENTION,
    }
)
_MIN_US = 1e-3


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """log latency = offset + slope x log FLOPs, least squares; the slope is 1 for fewer than three networks."""

    offset: float
    slope: float

    @classmethod
    def fit(cls, networks: Sequence[MeasuredNetwork]) -> Arithmetic:
        """Fit to whole networks."""
        flops = np.array([math.log(total_flops(network.records)) for network in networks])
        logs = np.array([math.log(network.latency_us) for network in networks])
        if len(networks) < 3:
            return cls(float((logs - flops).mean()), 1.0)
        slope, offset = np.polyfit(flops, logs, 1)
        return cls(float(offset), float(slope))

    def log_us(self, records: Sequence[OperatorRecord]) -> float:
        """Return the log of a network's latency in microseconds."""
        return self.offset + self.slope * math.log(total_flops(records))


@dataclass(frozen=True, slots=True)
class Roofline:
    """Latency = operators x a + FLOPs x b + bytes x c, none negative, least squares of relative errors."""

    costs: Array
    by_class: bool

    @classmethod
    def fit_whole(cls, networks: Sequence[MeasuredNetwork]) -> Roofline:
        """Fit three costs."""
        return cls._fit(networks, by_class=False)

    @classmethod
    def fit_classes(cls, networks: Sequence[MeasuredNetwork]) -> Roofline:
        """Fit costs for arithmetic and for movement in each of a few groups of classes."""
        return cls._fit(networks, by_class=True)

    @classmethod
    def _fit(cls, networks: Sequence[MeasuredNetwork], *, by_class: bool) -> Roofline:
        rows = np.array([_quantities(network.records, by_class) / network.latency_us for network in networks])
        # A weak pull to a common cost keeps what no network holds from being free.
        scale = np.maximum(rows.mean(0), 1e-12)
        common = 1 / (rows.sum(1).mean() or 1.0)
        pull = 0.1 * np.diag(scale)
        costs, _ = nnls(
            np.vstack([rows, pull]), np.concatenate([np.ones(len(rows)), pull @ np.full(len(scale), common)])
        )
        return cls(costs, by_class)

    def log_us(self, records: Sequence[OperatorRecord]) -> float:
        """Return the log of a network's latency in microseconds."""
        return math.log(max(float(_quantities(records, self.by_class) @ self.costs), _MIN_US))


def total_flops(records: Sequence[OperatorRecord]) -> float:
    """Return the arithmetic of a network; at least 1."""
    return max(math.fsum(one.sizes.flops * one.count for one in records), 1.0)


def _quantities(records: Sequence[OperatorRecord], by_class: bool) -> Array:
    """Return what costs time, in microseconds of the guess: starts, arithmetic, bytes; by class if wanted."""
    classes = list(OperatorClass)
    table = np.zeros((len(classes) if by_class else 1, 3))
    for one in records:
        row = classes.index(one.operator_class) if by_class else 0
        moved = (one.sizes.activation_bytes + one.sizes.weight_bytes) / 1e4
        table[row] += one.count * np.array([1.0, one.sizes.flops / 4e4, moved])
    if not by_class:
        quantities: Array = table[0]
        return quantities
    is_compute = np.array([one in _COMPUTE for one in classes])
    arithmetic = np.where(is_compute, table[:, 1], 0.0)
    return np.concatenate(
        [[table[:, 0].sum()], arithmetic, np.where(is_compute, 0.0, table[:, 2]), [table[is_compute, 2].sum()]]
    )
