"""The plain pooled model: one ridge regression on all sources of the space, and one on the target drawn towards it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from edgeprof_predictor.accuracy.base import AccuracyMethod, SourceUse
from edgeprof_predictor.accuracy.features import TaskFeatures, joined, normal_ranks, read_features
from edgeprof_predictor.accuracy.plain import PlainPredictor
from edgeprof_predictor.accuracy.ridge import PENALTY, RidgePredictor, fit_weights
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


class PooledRidgeAccuracy(AccuracyMethod):
    """Ridge regressions on ranked proxies and one-hot decisions: the least that a method with sources must beat.

    Sources of the target's space give weights of both; without any, all others give weights of proxies.

    Args:
        proxies: Those that it reads.
        sources: Features and normal accuracies of each source.
        penalty: On squared weights.
    """

    name: ClassVar[str] = "pooled-ridge"
    encoding: ClassVar[str] = "zcpvec"
    source_use: ClassVar[SourceUse] = "all"

    def __init__(
        self, proxies: tuple[str, ...], sources: Sequence[tuple[TaskFeatures, FloatArray]], penalty: float
    ) -> None:
        self._proxies, self._sources, self._penalty = proxies, tuple(sources), penalty

    @classmethod
    def fit_sources(
        cls, sources: Sequence[AccuracyTask], *, seed: int, penalty: float = PENALTY
    ) -> PooledRidgeAccuracy:
        """Read the sources; the regression waits for the target's space.

        Raises:
            TableError: If there is no source.
        """
        if not sources:
            raise TableError(f"{cls.name} learns from source tasks, and there is none; name one")
        proxies = tuple(sorted({proxy for source in sources for proxy in source.candidates.proxies}))
        read = [
            (read_features(source.candidates, proxies, task=source.name), normal_ranks(source.accuracy))
            for source in sources
        ]
        return cls(proxies, read, penalty)

    def predictor_for(self, candidates: Candidates) -> PlainPredictor:
        """Return the predictor for a task on these candidates."""
        target = read_features(candidates, self._proxies)
        own = [source for source in self._sources if source[0].space == target.space]
        used = own or self._sources
        option_count = int(joined([target, *(features for features, _ in own)]).choices.max(initial=0)) + 1
        rows = [
            np.hstack([features.scores, _one_hot(features.choices, option_count)]) if own else features.scores
            for features, _ in used
        ]
        # Each task has a level of its own.
        centred = np.concatenate([part - part.mean(axis=0) for part in rows])
        values = np.concatenate([accuracies for _, accuracies in used])
        pooled = fit_weights(centred, values, np.zeros(centred.shape[1]), penalty=self._penalty)
        encoded = np.hstack([target.scores, _one_hot(target.choices, option_count)])
        prior = np.pad(pooled, (0, encoded.shape[1] - len(pooled)))
        return RidgePredictor(candidates, encoded - encoded.mean(axis=0), prior, penalty=self._penalty)


def _one_hot(choices: ChoiceArray, option_count: int) -> FloatArray:
    rows: FloatArray = np.eye(option_count)[choices.astype(np.int64)].reshape(len(choices), -1)
    return rows
