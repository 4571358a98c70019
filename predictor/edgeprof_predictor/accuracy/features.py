"""Architectures as the kernels of accuracy predictors see them: normal scores of proxies, and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.task import Candidates
from edgeprof_predictor.encodings.normalisation import RankNormal
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskFeatures:
    """Architectures of one task.

    Letters: `n` architectures, `l` decisions, `p` proxies.

    Args:
        space: Name of its search space.
        choices: The decisions.
        scores: Of the proxies, as quantiles of a normal distribution; 0 where one is not available.

    Shapes:
        choices: `n x l`.  scores: `n x p`.
    """

    space: str
    choices: ChoiceArray
    scores: FloatArray

    @property
    def count(self) -> int:
        """Number of architectures: `n`."""
        return len(self.choices)

    def subset(self, indices: NDArray[np.int64]) -> TaskFeatures:
        """Return some of the architectures."""
        return TaskFeatures(space=self.space, choices=self.choices[indices], scores=self.scores[indices])


def read_features(candidates: Candidates, proxies: Sequence[str], *, task: str = "") -> TaskFeatures:
    """Return candidates as kernels see them.

    Each proxy is ranked among these very candidates: scores cost no training, so those of a new task are all there.

    Args:
        candidates: At least one.
        proxies: Names of the columns, in order; one that the candidates lack is 0.
        task: Name of the task, for messages.

    Raises:
        TableError: If there is no candidate.
    """
    if not candidates.count:
        raise TableError(f"{task or candidates.space}: there is no architecture")
    scores = RankNormal.fit(candidates.scores).apply(candidates.scores) if candidates.proxies else candidates.scores
    # A proxy that is the same for all carries no information; its ranks would shift all alike.
    scores = np.where(np.ptp(scores, axis=0) > 0, scores, 0.0)
    columns = np.zeros((candidates.count, len(proxies)))
    for column, name in enumerate(proxies):
        if name in candidates.proxies:
            columns[:, column] = scores[:, candidates.proxies.index(name)]
    return TaskFeatures(space=candidates.space, choices=candidates.choices, scores=columns)


def normal_ranks(values: FloatArray) -> FloatArray:
    """Return values by their rank, as quantiles of a normal distribution; equal ones share their middle rank: `n`."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks: FloatArray = ndtri((rankdata(values) - 0.5) / len(values))
    return ranks


def joined(parts: Sequence[TaskFeatures]) -> TaskFeatures:
    """Return the architectures of several tasks of one space.

    Raises:
        TableError: If the numbers of decisions differ.
    """
    for part in parts[1:]:
        _check_decisions(parts[0].choices, part.choices)
    return TaskFeatures(
        space=parts[0].space,
        choices=np.concatenate([part.choices for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
    )


def agreement(first: ChoiceArray, second: ChoiceArray) -> FloatArray:
    """Return the share of decisions that are alike: `n x l` and `n' x l` to `n x n'`.

    Raises:
        TableError: If the numbers of decisions differ.
    """
    _check_decisions(first, second)
    option_count = int(max(first.max(initial=0), second.max(initial=0))) + 1
    # Sums of ones are exact in single precision, and half as wide.
    options = np.eye(option_count, dtype=np.float32)
    left, right = (options[choices.astype(np.int64)].reshape(len(choices), -1) for choices in (first, second))
    shares: FloatArray = (left @ right.T).astype(np.float64) / first.shape[1]
    return shares


def _check_decisions(first: ChoiceArray, second: ChoiceArray) -> None:
    if first.shape[1] != second.shape[1]:
        raise TableError(
            f"architectures of one search space have {first.shape[1]} decisions in one task and {second.shape[1]} "
            f"in another; name the spaces differently"
        )
