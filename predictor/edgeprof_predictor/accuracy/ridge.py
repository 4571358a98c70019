"""Ridge regressions on ranked zero-cost proxies: from scratch, or drawn towards the weights of a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from edgeprof_predictor.accuracy.base import AccuracyMethod, SourceUse
from edgeprof_predictor.accuracy.features import normal_ranks, read_features
from edgeprof_predictor.accuracy.network import only_source
from edgeprof_predictor.accuracy.ordering import to_accuracy
from edgeprof_predictor.accuracy.plain import PlainPredictor
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.spaces import FloatArray

PENALTY: Final = 3.0
"""On squared weights; picked on the tables of NAS-Bench-Suite-Zero, one value for all tasks."""


class RidgeAccuracy(AccuracyMethod):
    """A ridge regression on the trained networks of the target alone: the baseline of every transfer."""

    name: ClassVar[str] = "ridge-zcp"
    encoding: ClassVar[str] = "zcp"
    source_use: ClassVar[SourceUse] = "none"

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> RidgeAccuracy:
        """Learn nothing: sources are ignored."""
        return cls()

    def predictor_for(self, candidates: Candidates) -> PlainPredictor:
        """Return the predictor for a task on these candidates."""
        scores = read_features(candidates, candidates.proxies).scores
        return RidgePredictor(candidates, scores, np.zeros(scores.shape[1]))


class TransferRidgeAccuracy(AccuracyMethod):
    """A ridge regression drawn towards the weights of one source instead of towards 0.

    Args:
        proxies: Those that it reads.
        weights: Of the source.

    Shapes:
        weights: `p`, of normal accuracies on normal scores.
    """

    name: ClassVar[str] = "transfer-ridge"
    encoding: ClassVar[str] = "zcp"
    source_use: ClassVar[SourceUse] = "one"

    def __init__(self, proxies: tuple[str, ...], weights: FloatArray) -> None:
        self._proxies, self._weights = proxies, weights

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> TransferRidgeAccuracy:
        """Learn the weights on a share of the source.

        Raises:
            TableError: If there is not exactly one source.
        """
        source, known = only_source(cls.name, sources, seed)
        scores = read_features(source.candidates, source.candidates.proxies).scores[known]
        accuracy = normal_ranks(source.accuracy[known])
        return cls(source.candidates.proxies, fit_weights(scores, accuracy, np.zeros(scores.shape[1])))

    def predictor_for(self, candidates: Candidates) -> PlainPredictor:
        """Return the predictor for a task on these candidates; proxies that they lack count as middling."""
        return RidgePredictor(candidates, read_features(candidates, self._proxies).scores, self._weights)


class RidgePredictor(PlainPredictor):
    """A ridge regression of normal accuracies, drawn towards weights known before.

    Args:
        candidates: Of the target task.
        rows: What is read of each.
        prior: Weights that it is drawn towards.
        penalty: On squared differences from them.

    Shapes:
        rows: `n x d`.  prior: `d`.
    """

    def __init__(
        self, candidates: Candidates, rows: FloatArray, prior: FloatArray, *, penalty: float = PENALTY
    ) -> None:
        super().__init__(candidates)
        self._rows, self._prior, self._penalty = rows, prior, penalty

    def values(self, trained: Trained, *, seed: int) -> tuple[FloatArray, float]:
        """Return accuracies by way of ranks; by the prior weights where fewer than two are trained."""
        if trained.count < 2:
            return self._rows @ self._prior, 1.0
        latent = normal_ranks(trained.accuracy)
        rows = self._rows[trained.indices]
        weights = fit_weights(rows, latent, self._prior, penalty=self._penalty)
        expected = (self._rows - rows.mean(axis=0)) @ weights + latent.mean()
        return to_accuracy(expected, latent, trained.accuracy), float(trained.accuracy.std())


def fit_weights(scores: FloatArray, values: FloatArray, prior: FloatArray, *, penalty: float = PENALTY) -> FloatArray:
    """Return ridge weights drawn towards a prior, scores and values centred.

    Shapes:
        scores: `k x p`.  values: `k`.  prior: `p`.  returns: `p`.
    """
    centred, wanted = scores - scores.mean(axis=0), values - values.mean()
    left = wanted - centred @ prior
    if len(centred) > centred.shape[1]:
        square = centred.T @ centred + penalty * np.eye(centred.shape[1])
        weights: FloatArray = prior + np.linalg.solve(square, centred.T @ left)
    else:
        # The same, by the smaller of the two matrices.
        weights = prior + centred.T @ np.linalg.solve(centred @ centred.T + penalty * np.eye(len(left)), left)
    return weights
