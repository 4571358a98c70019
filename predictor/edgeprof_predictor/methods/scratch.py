"""A network for one platform, trained from scratch on its samples: what an encoding alone is worth."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import nn

from edgeprof_predictor.descent import descend
from edgeprof_predictor.hyperparameters import ACCURACY_TRANSFER, TransferHyperparameters
from edgeprof_predictor.methods.encoded import EncodedLaw
from edgeprof_predictor.methods.pointwise import UNKNOWN_LOG_SD, LogLatency, PointwisePredictor
from edgeprof_predictor.network import one_thread
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


class Scratch(EncodedLaw):
    """Fully connected layers over an encoding, with nothing but the samples to learn from.

    Source:
        Multi-Predict, section 4 and Figures 6, 16, 17. "A four-layer MLP" (section 3); the paper prints no
        hyper-parameters for it, so those of Table 14 serve.
    """

    name: ClassVar[str] = "scratch-vec"
    hyperparameters: ClassVar[TransferHyperparameters] = ACCURACY_TRANSFER

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Train on all samples; none is left to tell the spread."""
        if not samples.count:
            return super().adapt(samples, seed=seed)
        return PointwisePredictor(self.fit_law(samples, seed=seed), UNKNOWN_LOG_SD, is_relative=False)

    def fit_law(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return what a network trained on the samples says."""
        settings, encoding = self.hyperparameters, self.encoding
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), 1e-6)
        encodings = torch.as_tensor(encoding.encode(samples.choices), dtype=torch.float32)
        targets = torch.as_tensor((log_latency - mean) / sd, dtype=torch.float32)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = layers(encodings.shape[1], settings.layer_width, settings.layer_count)
        descend(
            network.parameters(),
            lambda batch: nn.functional.mse_loss(network(encodings[batch]).squeeze(-1), targets[batch]),
            count=samples.count,
            batch_size=settings.batch_size,
            epochs=settings.source_epochs,
            learning_rate=settings.source_learning_rate,
            weight_decay=settings.weight_decay,
            seed=seed,
        )

        def log_latency_of(choices: ChoiceArray) -> FloatArray:
            with one_thread(), torch.no_grad():
                predicted = network(torch.as_tensor(encoding.encode(choices), dtype=torch.float32)).squeeze(-1)
            found: FloatArray = predicted.numpy().astype(np.float64) * sd + mean
            return found

        return log_latency_of


def layers(width_in: int, width: int, count: int) -> nn.Sequential:
    """Return so many fully connected layers of a width, the last of which says one number."""
    hidden: list[nn.Module] = []
    for _ in range(count - 1):
        hidden += [nn.Linear(width_in, width), nn.ReLU()]
        width_in = width
    return nn.Sequential(*hidden, nn.Linear(width_in, 1))
