"""The interface of all accuracy predictors: fit on source tasks, take candidates, choose, predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import FloatArray

SourceUse: TypeAlias = Literal["none", "one", "all"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccuracyPrediction:
    """Accuracies of `n` candidates with their uncertainty.

    Args:
        accuracy: What is expected: in the task's unit, or, without any network trained, a rank score.
        sd: Standard deviation around it, the noise of a training included.
        lower: Lower end of the 90 % interval.
        upper: Upper end.
        is_relative: True while nothing was trained: the values then only rank.

    Shapes:
        accuracy, sd, lower, upper: `n`.

    Raises:
        EncodingError: If shapes differ, or the ends do not enclose the accuracy.
    """

    accuracy: FloatArray
    sd: FloatArray
    lower: FloatArray
    upper: FloatArray
    is_relative: bool = False

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.accuracy, self.sd, self.lower, self.upper)}
        if len(shapes) > 1:
            raise EncodingError(f"accuracies and intervals must have one shape, got {shapes}")
        if not np.all((self.lower <= self.accuracy) & (self.accuracy <= self.upper)):
            raise EncodingError("intervals must enclose the accuracy")


class AccuracyPredictor(ABC):
    """A fitted method on the candidates of one target task."""

    @abstractmethod
    def choose(self, count: int, *, trained: Trained, seed: int) -> NDArray[np.int64]:
        """Return candidates to train next, the most informative first; none that is trained already.

        Shapes:
            returns: `count`, distinct.

        Raises:
            SampleCountError: If fewer candidates are left than asked for.
        """

    @abstractmethod
    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        """Return accuracies of all candidates, those trained included."""

    def warning(self, trained: Trained) -> str | None:
        """Return one sentence where the task is unlike the sources; None where it is not."""
        return None


class AccuracyMethod(ABC):
    """A way to predict accuracies, fitted on source tasks."""

    name: ClassVar[str]
    """Name on the command line and in tables."""
    encoding: ClassVar[str]
    """What it reads of an architecture: `vec`, `zcp` or `zcpvec`."""
    source_use: ClassVar[SourceUse]
    """How many source tasks it learns from."""

    @classmethod
    @abstractmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> AccuracyMethod:
        """Learn from the source tasks; a method that needs none ignores them."""

    @abstractmethod
    def predictor_for(self, candidates: Candidates) -> AccuracyPredictor:
        """Return the predictor for a task on these candidates."""
