"""A network for one platform, trained from scratch on its samples: a baseline for encodings."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from edgeprof_predictor.methods.encoded import EncodedRegressor
from edgeprof_predictor.methods.pointwise import UNKNOWN_LOG_SD, LogLatency, PointwisePredictor
from edgeprof_predictor.networks.hyperparameters import ACCURACY_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.perceptron import new_network, outputs, train_network
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


class Scratch(EncodedRegressor):
    """Fully connected layers over an encoding, with nothing but the samples to learn from.

    Source:
        Multi-Predict, section 4 and Figures 6, 16, 17. "A four-layer MLP" (section 3); the paper prints no
        hyper-parameters for it, so those of Table 14 serve.
    """

    name: ClassVar[str] = "scratch-vec"
    hyperparameters: ClassVar[TransferHyperparameters] = ACCURACY_TRANSFER

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Train on all samples; none is left to estimate the spread."""
        if not samples.count:
            return super().adapt(samples, seed=seed)
        return PointwisePredictor(self.fit_regressor(samples, seed=seed), UNKNOWN_LOG_SD, is_relative=False)

    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return a network trained on the samples."""
        settings, encoding = self.hyperparameters, self.encoding
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), 1e-6)
        encodings = encoding.encode(samples.choices)
        network = new_network(encodings.shape[1], settings, seed=seed)
        train_network(network, encodings, (log_latency - mean) / sd, settings, is_source=True, seed=seed)

        def log_latency_of(choices: ChoiceArray) -> FloatArray:
            return outputs(network, encoding.encode(choices)) * sd + mean

        return log_latency_of
