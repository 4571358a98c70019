"""How alike two trained networks are: by what all tasks share, what a search space shares, and what is a task's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edgeprof_predictor.accuracy.features import Features, agreement

LEVELS: Final = ("all", "space", "task")
"""Who shares a part of the accuracy: all tasks, those of one search space, the task alone."""

JITTER: Final = 1e-6

INITIAL: Final = {
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
"""Variances and lengths from which a fit starts, and to which it is drawn where the sources tell little."""

CONSTANT: Final = (*(f"smooth.{level}" for level in LEVELS), "decisions.space", "decisions.task", "same.space")
"""Kernels that give an architecture the same covariance with itself, whichever it is."""

PER_PROXY: Final = ("linear.all", "linear.space", "linear.task", "length")


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Variances and lengths of the kernels, as logarithms.

    Letters: `p` proxies.

    Args:
        logs: By the names of `INITIAL`; those in `PER_PROXY` are `p` long, the others single numbers.
    """

    logs: Mapping[str, Tensor]

    @classmethod
    def initial(cls, proxy_count: int) -> Scales:
        """Return the scales from which a fit starts."""
        return cls(
            {
                name: torch.full((proxy_count if name in PER_PROXY else 1,), float(np.log(value)), dtype=torch.float64)
                for name, value in INITIAL.items()
            }
        )

    def __getitem__(self, name: str) -> Tensor:
        return self.logs[name].exp()

    @property
    def noise(self) -> float:
        """Variance of what no kernel explains."""
        return float(self["noise"]) + JITTER


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All that kernels need to know of pairs of architectures but the scales.

    Letters: `n` and `n'` architectures of any tasks.

    Shapes:
        first: `n x p`.  second: `n' x p`.  same_space, same_task, agreement: `n x n'`; agreement is 0 across spaces.
    """

    first: Tensor
    second: Tensor
    same_space: Tensor
    same_task: Tensor
    agreement: Tensor

    @classmethod
    def of(cls, first: Sequence[Features], second: Sequence[Features]) -> Pairs:
        """Return the pairs of the architectures of some tasks with those of others."""
        alike = [
            [agreement(a.choices, b.choices) if a.space == b.space else np.zeros((a.count, b.count)) for b in second]
            for a in first
        ]
        return cls(
            first=_scores(first),
            second=_scores(second),
            same_space=_equal([task.space for task in first], [task.space for task in second], first, second),
            same_task=_equal([task.task for task in first], [task.task for task in second], first, second),
            agreement=torch.as_tensor(np.block(alike)),
        )

    def among(self, rows: Tensor) -> Pairs:
        """Return the pairs of some architectures with each other, where first and second are the same."""
        square = rows[:, None], rows[None, :]
        return Pairs(
            first=self.first[rows],
            second=self.second[rows],
            same_space=self.same_space[square],
            same_task=self.same_task[square],
            agreement=self.agreement[square],
        )


def covariance(scales: Scales, pairs: Pairs) -> Tensor:
    """Return the covariance of normal accuracies, noise left out: `n x n'`.

    Source:
        The hierarchy of kernels is ours; the linear and the squared exponential one are those of Rasmussen and
        Williams, Gaussian Processes for Machine Learning, chapter 4.
    """
    smooth = torch.exp(-0.5 * _squares(pairs.first / scales["length"], pairs.second / scales["length"]))
    decisions = torch.exp((pairs.agreement - 1.0) / scales["decisions.length"])
    by_level = {
        level: (pairs.first * scales[f"linear.{level}"]) @ pairs.second.T + scales[f"smooth.{level}"] * smooth
        for level in LEVELS
    }
    is_same = (pairs.agreement > 1.0 - 1e-9).to(torch.float64)
    of_space = by_level["space"] + scales["decisions.space"] * decisions + scales["same.space"] * is_same
    of_task = by_level["task"] + scales["decisions.task"] * decisions
    found: Tensor = by_level["all"] + pairs.same_space * of_space + pairs.same_task * of_task
    return found


def variance(scales: Scales, features: Features) -> NDArray[np.float64]:
    """Return the diagonal of the covariance of one task's architectures with themselves: `n`."""
    linear = torch.as_tensor(features.scores) ** 2 @ sum(scales[f"linear.{level}"] for level in LEVELS)
    constant = sum(
        scales[name] for name in INITIAL if name.startswith(("smooth", "same", "decisions.s", "decisions.t"))
    )
    found: NDArray[np.float64] = (linear + constant).numpy()
    return found


def _squares(first: Tensor, second: Tensor) -> Tensor:
    lengths = (first**2).sum(1)[:, None] + (second**2).sum(1)[None, :]
    return (lengths - 2.0 * first @ second.T).clamp(min=0.0)


def _scores(tasks: Sequence[Features]) -> Tensor:
    return torch.as_tensor(np.concatenate([task.scores for task in tasks]))


def _equal(
    first: Sequence[str], second: Sequence[str], rows: Sequence[Features], columns: Sequence[Features]
) -> Tensor:
    left = np.repeat(first, [task.count for task in rows])
    right = np.repeat(second, [task.count for task in columns])
    return torch.as_tensor((left[:, None] == right[None, :]).astype(np.float64))
