"""The paper's method: a network over encoding and hardware embedding, fine-tuned on the samples."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.adaptation import AdaptedNetwork, fine_tune
from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.embedding import nearest_platform
from edgeprof_predictor.hyperparameters import HARDWARE_TRANSFER, TransferHyperparameters
from edgeprof_predictor.methods.base import Method, PlatformPredictor, Prediction
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray
from edgeprof_predictor.training import PretrainedNetwork, pretrain

UNKNOWN_LOG_SD = 0.5
"""Spread of log latency around the network, assumed while fewer than two samples tell it."""


class MultiPredict(Method):
    """Pre-train on the sources, start a row by max-correlation, fine-tune (Eq. 1 and 2).

    Args:
        space: The search space.
        pretrained: Network and rows of the sources.
        hyperparameters: Table 15.
        initial_row: One of `embedding.INITIAL_ROWS`.

    Source:
        Multi-Predict, Akhauri and Abdelfattah 2023, sections 3.1 and 3.3. It predicts no interval;
        ours is the spread of the samples before fine-tuning.
    """

    name: ClassVar[str] = "multi-predict"

    def __init__(
        self,
        space: CategoricalSpace,
        pretrained: PretrainedNetwork,
        hyperparameters: TransferHyperparameters,
        initial_row: str = "max_correlation",
    ) -> None:
        self.space = space
        self.platforms = pretrained.embeddings.platforms
        self.pretrained = pretrained
        self.hyperparameters = hyperparameters
        self.initial_row = initial_row

    @classmethod
    def fit_sources(
        cls,
        space: CategoricalSpace,
        sources: LatencyTable,
        *,
        seed: int,
        hyperparameters: TransferHyperparameters = HARDWARE_TRANSFER,
    ) -> MultiPredict:
        """Pre-train the network on the sources."""
        return cls(space, pretrain(space, sources, hyperparameters, seed=seed), hyperparameters)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return random candidates, as the paper does."""
        return choose_random(len(candidates), count, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> MultiPredictPredictor:
        """Fine-tune on the samples from the row of the source that correlates best."""
        encodings = self.space.one_hot(samples.choices)
        nearest, correlation = nearest_platform(
            self.platforms, np.exp(self.pretrained.source_log_latencies(encodings)), samples.latency_ms
        )
        row = self.pretrained.embeddings.initial_row(self.initial_row, nearest, seed=seed)
        nothing = np.zeros(0)
        before = fine_tune(
            self.pretrained, row, encodings[:0], nothing, nothing, self.hyperparameters, seed=seed
        ).log_latency(encodings)
        log_latency = np.log(samples.latency_ms)
        log_sd = float(np.std(log_latency - before)) if samples.count > 1 else UNKNOWN_LOG_SD
        adapted = fine_tune(
            self.pretrained, row, encodings, log_latency, np.ones(samples.count), self.hyperparameters, seed=seed
        )
        predictor = MultiPredictPredictor(self.space, adapted, max(log_sd, 1e-3), is_relative=samples.count == 0)
        predictor.checked_count = samples.count - 1
        predictor.source_platform, predictor.source_correlation = nearest, correlation
        return predictor


class MultiPredictPredictor(PlatformPredictor):
    """A fine-tuned network.

    Args:
        space: The search space.
        adapted: The network.
        log_sd: Spread of log latency around it.
        is_relative: Whether there was no sample.
    """

    def __init__(self, space: CategoricalSpace, adapted: AdaptedNetwork, log_sd: float, *, is_relative: bool) -> None:
        self._space = space
        self._adapted = adapted
        self._log_sd = log_sd
        self._is_relative = is_relative

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return what the network says: `n`."""
        latency_ms = np.exp(self._adapted.log_latency(self._space.one_hot(choices)))
        return Prediction.lognormal(latency_ms, np.full(len(choices), self._log_sd), is_relative=self._is_relative)

    @property
    def expected_error(self) -> float:
        """Median relative error to expect, from the samples before fine-tuning."""
        return 0.6745 * self._log_sd

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the same error: the method has no notion of what a sample would tell."""
        return self.expected_error
