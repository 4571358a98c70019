"""Groups of columns that describe architectures of the target space, each scaled by unlabelled ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.encodings.reference_latencies import ReferenceLatencies
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

SOFT_SHARE: Final = 0.02
"""Added to an amount before its logarithm, as a share of its mean: an amount may be 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What centres and scales a group: learnt on unlabelled architectures, never on latencies of the new platform.

    Args:
        mean: Of each column.
        factor: What each column is multiplied by; together, an average architecture has length 1.
    """

    mean: FloatArray
    factor: FloatArray

    @classmethod
    def fit(cls, columns: FloatArray, *, is_each_alike: bool) -> Scale:
        """Learn from `n x d`; all columns get one spread where `is_each_alike`."""
        mean = columns.mean(axis=0)
        spread: FloatArray = columns.std(axis=0)
        if not is_each_alike:
            spread = np.full(len(mean), np.sqrt(np.mean(np.square(spread), dtype=np.float64)))
        varying = spread > 1e-9
        factor = np.where(varying, 1.0 / np.where(varying, spread, 1.0), 0.0)
        return cls(mean, factor / np.sqrt(varying.sum().clip(min=1)))

    def apply(self, columns: FloatArray) -> FloatArray:
        """Return `n x d` centred and scaled."""
        scaled: FloatArray = (columns - self.mean) * self.factor
        return scaled


class TargetColumns:
    """Describe architectures of the target space in groups.

    A space whose costs are unknown, or whose decisions have different options, goes without that group.

    Args:
        space: The target space.
        references: Latencies elsewhere.
        pool: Unlabelled architectures that scale everything: `n x l`.
    """

    def __init__(self, space: CategoricalSpace, references: ReferenceLatencies, pool: ChoiceArray) -> None:
        self._space = space
        self._references = references
        costs = space.costs(pool)
        self._soft = None if costs is None else SOFT_SHARE * np.append(costs.totals.mean(0), costs.depth.mean()) + 1e-9
        raw = self._raw(pool)
        self.log_mean = raw["hwl"].mean(axis=0)
        self.log_sd = max(float(np.sqrt(np.mean(raw["hwl"].var(axis=0)))), 1e-6)
        self._scales = {
            group: Scale.fit(columns, is_each_alike=group == "costs")
            for group, columns in raw.items()
            if group != "hwl"
        }

    def log_latency(self, choices: ChoiceArray) -> FloatArray:
        """Return log latency on the references, each less its mean over the pool: `n x l` to `n x m`."""
        log_latency: FloatArray = np.log(self._references.latency_ms(choices)).T - self.log_mean
        return log_latency

    def described(self, choices: ChoiceArray) -> dict[str, FloatArray]:
        """Return all groups but `hwl`, scaled: `n x l` to `n x d` each."""
        raw = self._plain(choices)
        return {group: scale.apply(raw[group]) for group, scale in self._scales.items()}

    def _raw(self, choices: ChoiceArray) -> dict[str, FloatArray]:
        return {"hwl": np.log(self._references.latency_ms(choices)).T, **self._plain(choices)}

    def _plain(self, choices: ChoiceArray) -> dict[str, FloatArray]:
        one_hot = self._space.one_hot(choices).astype(np.float64)
        found = {"vec": one_hot}
        counts = self._space.choice_counts
        if len(set(counts)) == 1:
            found["counts"] = one_hot.reshape(len(choices), len(counts), counts[0]).sum(axis=1)
        costs = self._space.costs(choices)
        if costs is not None and self._soft is not None:
            found["costs"] = np.log(np.column_stack([costs.totals, costs.depth]) + self._soft)
        return found
