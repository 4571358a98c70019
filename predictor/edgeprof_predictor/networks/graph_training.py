"""Train a graph network on values of architectures of one search space: latencies or accuracies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from edgeprof_predictor.networks.graph_network import GraphHyperparameters, GraphReader
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.networks.optimisation import descend
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray

BRP_GRAPH: Final = GraphHyperparameters(graph_width=600, graph_depth=4, layer_widths=(1,))
"""BRP-NAS, Dudziak et al. 2020: four convolutions of 600."""

MOST_EPOCHS: Final = 100
"""Passes over the samples at most, where the published program has 250: to bound the computing."""

PATIENCE: Final = 20
"""Passes without a new lowest error on the held-out samples after which training ends."""

HELD_OUT_SHARE: Final = 0.1
MIN_HELD_OUT_COUNT: Final = 10
"""Of the samples, a tenth decides when to stop, where that is at least ten: fewer tell noise."""

FEW_SAMPLES_STEP_COUNT: Final = 600
"""Steps where there are too few samples to hold some out: 85 passes over 100 samples, and more over fewer."""

BATCH_SIZE: Final = 16
LEARNING_RATE: Final = 8e-4
WEIGHT_DECAY: Final = 5e-4
"""Published with its program: single samples at 0.0004, at most 250 epochs with early stopping, a dropout of 0.002.
Ours takes sixteen samples a step at twice the rate, and no dropout; a cosine takes the rate to 0."""


def train_reader(
    space: CategoricalSpace,
    one_hot: FloatArray,
    standardised: FloatArray,
    *,
    hyperparameters: GraphHyperparameters = BRP_GRAPH,
    most_epochs: int = MOST_EPOCHS,
    seed: int,
) -> Callable[[FloatArray], FloatArray]:
    """Train a graph network on values of architectures; return its predictions as a function.

    Letters: `n` architectures, `d` width of the one-hot encoding.

    Args:
        space: Of the architectures.
        one_hot: Their decisions.
        standardised: What to learn: latencies or accuracies, less their mean and in standard deviations.
        hyperparameters: Sizes of the network.
        most_epochs: Passes at most; training ends earlier once the held-out samples stop improving.
        seed: Of weights, order, and the samples held out.

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
    held_out_count = int(HELD_OUT_SHARE * count)
    if held_out_count < MIN_HELD_OUT_COUNT:
        held_out_count, most_epochs = 0, max(FEW_SAMPLES_STEP_COUNT // max(-(-count // BATCH_SIZE), 1), 1)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    held_out, used = order[:held_out_count], order[held_out_count:]
    best = BestWeights(network, lambda: float(_error(network, encodings[held_out], targets[held_out])))
    descend(
        network.parameters(),
        lambda batch: _error(network, encodings[used[batch]], targets[used[batch]]),
        count=len(used),
        batch_size=BATCH_SIZE,
        epochs=most_epochs,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        seed=seed,
        is_done=best.is_done if held_out_count else None,
    )
    best.restore()

    def values_of(others: FloatArray) -> FloatArray:
        inputs = torch.as_tensor(others, dtype=torch.float32)
        with one_thread(), torch.no_grad():
            parts = [network(part).squeeze(-1) for part in torch.split(inputs, 1024)]
        values: FloatArray = torch.cat(parts).numpy().astype(np.float64)
        return values

    return values_of


class BestWeights:
    """The weights of a network at its lowest error on held-out samples.

    Args:
        network: In training.
        error: Returns its present error on them.
        patience: Passes without a new lowest error after which training ends.
    """

    def __init__(self, network: nn.Module, error: Callable[[], float], *, patience: int = PATIENCE) -> None:
        self._network, self._error, self._patience = network, error, patience
        self._lowest = float("inf")
        self._weights: dict[str, Tensor] | None = None
        self.epoch = 0

    def is_done(self, epoch: int) -> bool:
        """Keep the weights if they are the best so far; tell whether there is no hope of better ones."""
        with torch.no_grad():
            error = self._error()
        if error < self._lowest:
            self._lowest, self.epoch = error, epoch
            self._weights = copy.deepcopy(self._network.state_dict())
        return epoch - self.epoch >= self._patience

    def restore(self) -> None:
        """Give the network its best weights back; those it has where none were kept."""
        if self._weights is not None:
            self._network.load_state_dict(self._weights)


def _error(network: nn.Module, encodings: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.mse_loss(network(encodings).squeeze(-1), targets)
