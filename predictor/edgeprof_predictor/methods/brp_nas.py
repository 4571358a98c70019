"""BRP-NAS: a graph network for each platform, trained from scratch on its samples."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import torch
from torch import nn

from edgeprof_predictor.descent import descend
from edgeprof_predictor.gcn import GraphHyperparameters, GraphNetwork
from edgeprof_predictor.methods.lone import LoneMethod
from edgeprof_predictor.methods.pointwise import LogLatency, PointwisePredictor, fit_pointwise
from edgeprof_predictor.network import one_thread
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

BRP_GRAPH: Final = GraphHyperparameters(
    graph_width=600, graph_depth=4, layer_width=600, layer_count=1, interaction_width=0, interaction_depth=0
)
"""BRP-NAS, Dudziak et al. 2020: four convolutions of 600."""

EPOCHS: Final = 100
BATCH_SIZE: Final = 10
LEARNING_RATE: Final = 8e-4
WEIGHT_DECAY: Final = 5e-4
"""Published with its program: single samples at 0.0004, at most 250 epochs with early stopping on 100 samples more,
a dropout of 0.002. Ours takes steps of ten at twice the rate for a fixed time, a tenth of the computing, and needs no
samples for stopping."""


class BrpNas(LoneMethod):
    """A graph network that knows one platform only.

    It asks for hundreds of samples: 900 in the paper's comparison, 3200 with its extra samples.

    Source:
        BRP-NAS, Dudziak et al. 2020. The published one reads the cell's edges as nodes with a node
        that sees all others, as here.
    """

    name: ClassVar[str] = "brp-nas"
    hyperparameters: ClassVar[GraphHyperparameters] = BRP_GRAPH
    epochs: ClassVar[int] = EPOCHS

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Train on all samples; the spread comes from one part of them and a network that did not see it."""
        if not samples.count:
            return super().adapt(samples, seed=seed)
        return fit_pointwise(lambda some: self.fit_law(some, seed=seed), samples, checked_count=1)

    def fit_law(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return what a network trained on the samples says."""
        encodings = torch.as_tensor(self.space.one_hot(samples.choices), dtype=torch.float32)
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), 1e-6)
        targets = torch.as_tensor((log_latency - mean) / sd, dtype=torch.float32)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = GraphNetwork(self.space, encodings.shape[1], 0, self.hyperparameters)
        descend(
            network.parameters(),
            lambda batch: nn.functional.mse_loss(network(encodings[batch], encodings[batch, :0]), targets[batch]),
            count=samples.count,
            batch_size=BATCH_SIZE,
            epochs=self.epochs,
            learning_rate=LEARNING_RATE,
            weight_decay=WEIGHT_DECAY,
            seed=seed,
        )

        def log_latency_of(choices: ChoiceArray) -> FloatArray:
            inputs = torch.as_tensor(self.space.one_hot(choices), dtype=torch.float32)
            with one_thread(), torch.no_grad():
                parts = [network(part, part[:, :0]) for part in torch.split(inputs, 1024)]
            found: FloatArray = torch.cat(parts).numpy().astype(np.float64) * sd + mean
            return found

        return log_latency_of
