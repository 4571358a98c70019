"""The interface of latency predictors between search spaces: fit on the source, choose samples, adapt, predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_predictor.transfer.task import TransferTask


class TransferPredictor(ABC):
    """A method adapted to the platform on the target space.

    Letters: `n` architectures, `l` decisions of the target space.
    """

    @abstractmethod
    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies with 90 % intervals; multiples of the average while there is no sample.

        Shapes:
            choices: `n x l`.

        Raises:
            EncodingError: If the references do not know an architecture.
        """


class TransferMethod(ABC):
    """A method that predicts a platform on a search space where only reference platforms are known.

    Args:
        task: What is known.
        seed: The same seed gives the same method on the same machine.
    """

    name: ClassVar[str]

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        self.task = task
        self.seed = seed
        self.needed_references = task.references.platforms

    def choose_samples(self, count: int) -> NDArray[np.int64]:
        """Return rows of the pool to measure, most informative first; here at random.

        Shapes:
            returns: `count`, distinct.

        Raises:
            SampleCountError: If the pool holds fewer.
        """
        self.check_count(count)
        return np.random.default_rng(self.seed).permutation(len(self.task.pool))[:count].astype(np.int64)

    def check_count(self, count: int) -> None:
        """Refuse a count that the pool cannot give."""
        if not 0 <= count <= len(self.task.pool):
            raise SampleCountError(f"{count} samples were asked for, the pool holds {len(self.task.pool)}")

    @abstractmethod
    def adapt(self, samples: Samples) -> TransferPredictor:
        """Learn from what was measured on the target space; no sample at all is allowed.

        Raises:
            EncodingError: If the references do not know a sample.
        """
