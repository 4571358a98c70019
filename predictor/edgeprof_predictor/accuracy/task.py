"""What an accuracy predictor sees: candidates without accuracies, and tasks whose accuracies are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Architectures of one search space with the scores of their zero-cost proxies.

    Letters: `n` architectures, `l` decisions, `p` proxies.

    Args:
        space: Name of the search space.
        choices: The architectures.
        proxies: Names of the proxies.
        scores: Their scores; NaN where a score is not available, infinite where it has no bound.

    Shapes:
        choices: `n x l`.  scores: `n x p`.

    Raises:
        TableError: If shapes do not fit, or a proxy is named twice.
    """

    space: str
    choices: ChoiceArray
    proxies: tuple[str, ...]
    scores: FloatArray

    def __post_init__(self) -> None:
        if self.choices.ndim != 2:
            raise TableError(f"{self.space}: choices must be architectures x decisions, got {self.choices.shape}")
        if self.scores.shape != (self.count, len(self.proxies)):
            raise TableError(
                f"{self.space}: {self.count} architectures and {len(self.proxies)} proxies need as many scores, "
                f"got shape {self.scores.shape}"
            )
        if len(set(self.proxies)) != len(self.proxies):
            raise TableError(f"{self.space}: a proxy is named twice in {', '.join(self.proxies)}")

    @property
    def count(self) -> int:
        """Number of architectures: `n`."""
        return len(self.choices)

    def subset(self, indices: NDArray[np.int64]) -> Candidates:
        """Return some of the candidates, in the order of the indices."""
        return Candidates(
            space=self.space, choices=self.choices[indices], proxies=self.proxies, scores=self.scores[indices]
        )

    def with_proxies(self, names: Sequence[str]) -> Candidates:
        """Return the candidates with some of their proxies only.

        Raises:
            TableError: If they have no proxy of a name.
        """
        missing = [name for name in names if name not in self.proxies]
        if missing:
            raise TableError(f"{self.space}: no proxy {missing[0]!r}; there are {', '.join(self.proxies)}")
        columns = [self.proxies.index(name) for name in names]
        return Candidates(space=self.space, choices=self.choices, proxies=tuple(names), scores=self.scores[:, columns])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccuracyTask:
    """Architectures of one search space, trained for one task.

    Args:
        name: `SPACE/TASK`.
        candidates: The architectures.
        accuracy: What each reaches, in the task's own unit, more is better.

    Shapes:
        accuracy: `n`, finite.

    Raises:
        TableError: If there are not as many accuracies as architectures, or one is not finite.
    """

    name: str
    candidates: Candidates
    accuracy: FloatArray

    def __post_init__(self) -> None:
        if self.accuracy.shape != (self.candidates.count,):
            raise TableError(
                f"{self.name}: {self.candidates.count} architectures need as many accuracies, "
                f"got shape {self.accuracy.shape}"
            )
        if not np.all(np.isfinite(self.accuracy)):
            raise TableError(f"{self.name}: accuracies must be finite; leave architectures without one out")

    @property
    def space(self) -> str:
        """Name of the search space."""
        return self.candidates.space

    def subset(self, indices: NDArray[np.int64]) -> AccuracyTask:
        """Return the task on some of its architectures."""
        return AccuracyTask(name=self.name, candidates=self.candidates.subset(indices), accuracy=self.accuracy[indices])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """Candidates that were trained, and what they reached.

    Letters: `k` networks trained.

    Args:
        indices: Which of the candidates.
        accuracy: What each reached, in the task's own unit.

    Shapes:
        indices: `k`, distinct.  accuracy: `k`, finite.

    Raises:
        TableError: If shapes differ, a candidate is named twice, or an accuracy is not finite.
    """

    indices: NDArray[np.int64]
    accuracy: FloatArray

    def __post_init__(self) -> None:
        if self.indices.ndim != 1 or self.indices.shape != self.accuracy.shape:
            raise TableError(f"{self.indices.shape} networks trained need as many accuracies: {self.accuracy.shape}")
        if len(np.unique(self.indices)) != len(self.indices):
            raise TableError("a candidate is named twice among those trained")
        if not np.all(np.isfinite(self.accuracy)):
            raise TableError("accuracies of trained networks must be finite")

    @property
    def count(self) -> int:
        """Number of networks trained: `k`."""
        return len(self.indices)

    @classmethod
    def none(cls) -> Trained:
        """Return that nothing is trained yet."""
        return cls(indices=np.zeros(0, dtype=np.int64), accuracy=np.zeros(0))

    def joined(self, index: int, accuracy: float) -> Trained:
        """Return this and one more network."""
        return Trained(indices=np.append(self.indices, index), accuracy=np.append(self.accuracy, accuracy))
