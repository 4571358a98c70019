"""BRP-NAS's accuracy predictor: a graph network, from scratch on the trained networks of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from edgeprof_predictor.accuracy.base import AccuracyMethod, SourceUse
from edgeprof_predictor.accuracy.plain import PlainPredictor, standardised
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.networks.graph_training import train_reader
from edgeprof_predictor.spaces import SPACE_NAMES, FloatArray, get_space
from edgeprof_predictor.tables.published import space_of_table


class BrpNasAccuracy(AccuracyMethod):
    """The graph network that also predicts latency, trained on accuracies.

    Source:
        BRP-NAS, Dudziak et al. 2020. The published one is a binary relation trained to rank pairs, with the
        architecture's graph as ours reads it; Multi-Predict's Figure 8 does not say which of its predictors it draws.
        Ours predicts the accuracy itself.
    """

    name: ClassVar[str] = "brp-nas"
    encoding: ClassVar[str] = "vec"
    source_use: ClassVar[SourceUse] = "none"

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> BrpNasAccuracy:
        """Learn nothing: sources are ignored."""
        return cls()

    def predictor_for(self, candidates: Candidates) -> PlainPredictor:
        """Return the predictor for a task on these candidates."""
        return _GraphPredictor(candidates)


class _GraphPredictor(PlainPredictor):
    def __init__(self, candidates: Candidates) -> None:
        super().__init__(candidates)
        name = candidates.space
        self._space = get_space(name) if name in SPACE_NAMES else space_of_table(name, candidates.choices)

    def values(self, trained: Trained, *, seed: int) -> tuple[FloatArray, float]:
        """Return predictions of a graph network fitted to the trained networks; zeros with fewer than two."""
        if trained.count < 2:
            return np.zeros(self.candidates.count), 1.0
        targets, mean, sd = standardised(trained.accuracy)
        encodings = self._space.one_hot(self.candidates.choices)
        predict = train_reader(self._space, encodings[trained.indices], targets, seed=seed)
        return predict(encodings) * sd + mean, sd
