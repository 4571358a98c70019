"""Kernels of trained networks: a part that all tasks share, one that a search space shares, and a task's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.features import TaskFeatures, agreement
from edgeprof_predictor.spaces import FloatArray

LEVELS: Final = ("all", "space", "task")
"""Who shares a part of the accuracy: all tasks, those of one search space, the task alone."""

JITTER: Final = 1e-6

SCALES: Final = {
    "linear.all": 0.05,
    "linear.space": 0.02,
    "linear.task": 0.02,
    "smooth.all": 0.2,
    "smooth.space": 0.1,
    "smooth.task": 0.1,
    "decisions.space": 0.1,
    "decisions.task": 0.1,
    "same.space": 0.1,
    "length": 4.0,
    "decisions.length": 0.5,
    "noise": 0.1,
}
"""Variances and lengths, set beforehand for accuracies and scores of variance 1.

Fitted to the sources by marginal likelihood they suit a new space no better on average: 10 to 14 tasks are few, and
their scales for each proxy belong to their spaces. Mean rank correlation on 15 left-out tasks, 10 samples: fitted
.747 to .768 by the draw of architectures and the steps, these .757, both mixed .745 to .772."""

SCALE_FACTORS: Final[tuple[Mapping[str, float], ...]] = ({},)
"""Factors on these, a mapping for each set of scales, which the networks trained on the target weigh. One is enough:
shorter or longer
lengths, more weight on the linear or on the smooth part, alone or together, all did worse (.727 to .752)."""

CONSTANT: Final = (*(f"smooth.{level}" for level in LEVELS), "decisions.space", "decisions.task", "same.space")
"""Kernels that give an architecture the same covariance with itself, whichever it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Variances and lengths of the kernels.

    Args:
        values: By the names of `SCALES`.
    """

    values: Mapping[str, float]

    @classmethod
    def of(cls, factors: Mapping[str, float]) -> Scales:
        """Return the scales set beforehand, some of them times a factor."""
        return cls({name: value * factors.get(name, 1.0) for name, value in SCALES.items()})

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    @property
    def noise(self) -> float:
        """Variance of what no kernel explains."""
        return self["noise"] + JITTER


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What kernels need of pairs of architectures, the scales excepted.

    Letters: `n` and `n'` architectures of any tasks.

    Shapes:
        first: `n x p`.  second: `n' x p`.  same_space, same_task: `n x n'`.
        agreement: `n x n'`, 0 across spaces.
    """

    first: FloatArray
    second: FloatArray
    same_space: NDArray[np.bool_]
    same_task: NDArray[np.bool_]
    agreement: FloatArray

    @classmethod
    def of(cls, first: Sequence[TaskFeatures], second: Sequence[TaskFeatures]) -> Pairs:
        """Return the pairs of the architectures of some tasks with those of others."""
        alike = [
            [agreement(a.choices, b.choices) if a.space == b.space else np.zeros((a.count, b.count)) for b in second]
            for a in first
        ]
        return cls(
            first=np.concatenate([task.scores for task in first]),
            second=np.concatenate([task.scores for task in second]),
            same_space=_equal(*([(part.space, part.count) for part in tasks] for tasks in (first, second))),
            same_task=_equal(*([(part.task, part.count) for part in tasks] for tasks in (first, second))),
            agreement=np.block(alike),
        )


def covariance(scales: Scales, pairs: Pairs) -> FloatArray:
    """Return the covariance of normal accuracies, noise left out: `n x n'`.

    Source:
        The hierarchy of kernels is ours; the linear and the squared exponential one are those of Rasmussen and
        Williams, Gaussian Processes for Machine Learning, chapter 4.
    """
    linear = pairs.first @ pairs.second.T
    lengths = (pairs.first**2).sum(axis=1)[:, None] + (pairs.second**2).sum(axis=1)[None, :]
    smooth = np.exp(-0.5 * np.maximum(lengths - 2.0 * linear, 0.0) / scales["length"] ** 2)
    decisions = np.exp((pairs.agreement - 1.0) / scales["decisions.length"])
    is_same = pairs.agreement > 1.0 - 1e-9
    found: FloatArray = scales["linear.all"] * linear + scales["smooth.all"] * smooth
    of_space = scales["linear.space"] * linear + scales["smooth.space"] * smooth
    of_space += scales["decisions.space"] * decisions + scales["same.space"] * is_same
    of_task = scales["linear.task"] * linear + scales["smooth.task"] * smooth + scales["decisions.task"] * decisions
    found += pairs.same_space * of_space + pairs.same_task * of_task
    return found


def variance(scales: Scales, features: TaskFeatures) -> FloatArray:
    """Return the diagonal of the covariance of one task's architectures with themselves: `n`."""
    slope = sum(scales[f"linear.{level}"] for level in LEVELS)
    found: FloatArray = slope * (features.scores**2).sum(axis=1) + sum(scales[name] for name in CONSTANT)
    return found


def _equal(first: Sequence[tuple[str, int]], second: Sequence[tuple[str, int]]) -> NDArray[np.bool_]:
    """Return which rows and columns have the same name, each given with how many rows or columns it has."""
    rows, columns = (np.repeat([name for name, _ in part], [count for _, count in part]) for part in (first, second))
    same: NDArray[np.bool_] = rows[:, None] == columns[None, :]
    return same
