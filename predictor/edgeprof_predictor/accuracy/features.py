"""Architectures as the kernels of accuracy predictors see them: normal scores of proxies, and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.task import Candidates
from edgeprof_predictor.encodings.normalisation import RankNormal
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

SMOOTHING_PENALTY: Final = 3.0
"""On squared effects of decisions on a proxy; five times as much ranks .003 worse (from other spaces, 20 seeds)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskFeatures:
    """Architectures of one task.

    Letters: `n` architectures, `l` decisions, `p` proxies.

    Args:
        space: Name of its search space.
        choices: The decisions.
        scores: Of the proxies, as quantiles of a normal distribution; 0 where one is not available.
        smoothed: The part of them that decisions explain, one by one, as such quantiles too. Scores depend on random
            weights and a batch of data; what networks that share a decision have in common depends on them less.

    Shapes:
        choices: `n x l`.  scores, smoothed: `n x p`.
    """

    space: str
    choices: ChoiceArray
    scores: FloatArray
    smoothed: FloatArray

    @property
    def count(self) -> int:
        """Number of architectures: `n`."""
        return len(self.choices)

    @property
    def weighed(self) -> FloatArray:
        """What proxies' weights are of, half of its variance smoothed: `n x 2p`."""
        found: FloatArray = np.hstack([self.scores, self.smoothed]) / np.sqrt(2.0)
        return found

    def subset(self, indices: NDArray[np.int64]) -> TaskFeatures:
        """Return some of the architectures."""
        return TaskFeatures(
            space=self.space,
            choices=self.choices[indices],
            scores=self.scores[indices],
            smoothed=self.smoothed[indices],
        )


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
    smoothed = _smoothed_by_decisions(columns, candidates.choices)
    return TaskFeatures(space=candidates.space, choices=candidates.choices, scores=columns, smoothed=smoothed)


def _smoothed_by_decisions(scores: FloatArray, choices: ChoiceArray) -> FloatArray:
    """Return scores as sums of effects of decisions, ranked: `n x p` and `n x l` to `n x p`."""
    from scipy.sparse import csr_matrix

    count, decision_count = choices.shape
    ends = np.cumsum(choices.max(axis=0).astype(np.int64) + 1)
    columns = choices.astype(np.int64) + np.append(0, ends[:-1])
    one_hot = csr_matrix(
        (np.ones(columns.size), columns.reshape(-1), np.arange(0, columns.size + 1, decision_count)),
        shape=(count, int(ends[-1])),
    )
    # Ridge regressions of all proxies, by the smaller of the two matrices.
    if one_hot.shape[1] <= count:
        square = (one_hot.T @ one_hot).toarray() + SMOOTHING_PENALTY * np.eye(one_hot.shape[1])
        explained = one_hot @ np.linalg.solve(square, one_hot.T @ scores)
    else:
        square = (one_hot @ one_hot.T).toarray()
        explained = square @ np.linalg.solve(square + SMOOTHING_PENALTY * np.eye(count), scores)
    return np.stack([normal_ranks(column) for column in explained.T], axis=1) if scores.shape[1] else scores


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
        smoothed=np.concatenate([part.smoothed for part in parts]),
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
