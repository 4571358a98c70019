"""The interface of all samplers: which architectures to measure next."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray


class Sampler(Protocol):
    """Chooses architectures to measure; what else it needs are arguments of its constructor.

    `Method.choose_samples` has the same form, so every method is a sampler too.
    """

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return indices of candidates to measure next.

        Args:
            candidates: Architectures to choose from.
            count: How many.
            measured: What is measured already; a sampler goes on from there.
            seed: Of random choices.

        Shapes:
            candidates: `n x l`.  returns: `count`, distinct.

        Raises:
            SampleCountError: If there are fewer candidates than asked for.
        """
        ...


@runtime_checkable
class SequentialSampler(Sampler, Protocol):
    """A sampler that learns from each measurement how to choose the next, so it must not choose all at once."""

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once, `sample_count` being measured and `wanted_count` wanted."""
        ...


def check_count(candidate_count: int, count: int) -> None:
    """Refuse a number of samples that the candidates cannot give.

    Raises:
        SampleCountError: If it is negative or larger than `candidate_count`.
    """
    if not 0 <= count <= candidate_count:
        raise SampleCountError(f"cannot choose {count} of {candidate_count} candidates; offer more or ask for fewer")
