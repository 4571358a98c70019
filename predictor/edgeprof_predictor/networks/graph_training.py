"""Train a graph network on values of architectures of one search space: latencies or accuracies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import nn

from edgeprof_predictor.networks.graph_network import GraphHyperparameters, GraphReader
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.networks.optimisation import descend
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray

BRP_GRAPH: Final = GraphHyperparameters(graph_width=600, graph_depth=4, layer_widths=(1,))
"""BRP-NAS, Dudziak et al. 2020: four convolutions of 600."""

STEP_COUNT: Final = 600
BATCH_SIZE: Final = 16
LEARNING_RATE: Final = 8e-4
WEIGHT_DECAY: Final = 5e-4
"""Published with its program: single samples at 0.0004, at most 250 epochs with early stopping, a dropout of 0.002.
Ours takes a fixed number of steps of sixteen at twice the rate, a few hundredths of the computing."""


def train_reader(
    space: CategoricalSpace,
    one_hot: FloatArray,
    standardised: FloatArray,
    *,
    hyperparameters: GraphHyperparameters = BRP_GRAPH,
    step_count: int = STEP_COUNT,
    seed: int,
) -> Callable[[FloatArray], FloatArray]:
    """Train a graph network on values of architectures; return its predictions as a function.

    Letters: `n` architectures, `d` width of the one-hot encoding.

    Args:
        space: Of the architectures.
        one_hot: Their decisions.
        standardised: What to learn: latencies or accuracies, less their mean and in standard deviations.
        hyperparameters: Sizes of the network.
        step_count: Steps of gradient descent.
        seed: Of weights and order.

    Shapes:
        one_hot: `n x d`.  standardised: `n`.
        returns: a function of `n' x d` encodings to `n'` values.
    """
    encodings = torch.as_tensor(one_hot, dtype=torch.float32)
    targets = torch.as_tensor(standardised, dtype=torch.float32)
    count = len(targets)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = GraphReader(space, hyperparameters)
    descend(
        network.parameters(),
        lambda batch: nn.functional.mse_loss(network(encodings[batch]).squeeze(-1), targets[batch]),
        count=count,
        batch_size=BATCH_SIZE,
        epochs=max(step_count // -(-count // BATCH_SIZE), 1),
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        seed=seed,
    )

    def values_of(others: FloatArray) -> FloatArray:
        inputs = torch.as_tensor(others, dtype=torch.float32)
        with one_thread(), torch.no_grad():
            parts = [network(part).squeeze(-1) for part in torch.split(inputs, 1024)]
        values: FloatArray = torch.cat(parts).numpy().astype(np.float64)
        return values

    return values_of
