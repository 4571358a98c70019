"""The paper's fully connected network over an encoding: built by seed, trained on mean squared errors, evaluated."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.networks.optimisation import descend
from edgeprof_predictor.spaces import FloatArray


def new_network(width: int, settings: TransferHyperparameters, *, seed: int) -> nn.Sequential:
    """Return an untrained network with one output; torch's own generator stays as it is.

    Args:
        width: Of the encodings.
        settings: Width and number of its layers.
        seed: Of the weights.

    Source:
        "A four-layer MLP", Multi-Predict, section 3.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        parts: list[nn.Module] = []
        width_in = width
        for _ in range(settings.layer_count - 1):
            parts += [nn.Linear(width_in, settings.layer_width), nn.ReLU()]
            width_in = settings.layer_width
        return nn.Sequential(*parts, nn.Linear(width_in, 1))


def train_network(
    network: nn.Sequential,
    encodings: FloatArray,
    targets: FloatArray,
    settings: TransferHyperparameters,
    *,
    is_source: bool,
    seed: int,
) -> None:
    """Train in place, with the epochs and the rate of a source, or those of a new task.

    Shapes:
        encodings: `n x d`.  targets: `n`.
    """
    inputs, wanted = (torch.as_tensor(array, dtype=torch.float32) for array in (encodings, targets))
    descend(
        network.parameters(),
        lambda batch: nn.functional.mse_loss(network(inputs[batch]).squeeze(-1), wanted[batch]),
        count=len(wanted),
        batch_size=settings.batch_size,
        epochs=settings.source_epochs if is_source else settings.target_epochs,
        learning_rate=settings.source_learning_rate if is_source else settings.target_learning_rate,
        weight_decay=settings.weight_decay,
        seed=seed,
    )


def outputs(network: nn.Sequential, encodings: FloatArray) -> FloatArray:
    """Return the outputs of a network: `n x d` to `n`."""
    with one_thread(), torch.no_grad():
        predicted = network(torch.as_tensor(encodings, dtype=torch.float32)).squeeze(-1)
    found: FloatArray = predicted.numpy().astype(np.float64)
    return found
