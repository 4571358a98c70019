"""Fine-tune a pre-trained network and the new row on what is known of a new platform."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters
from edgeprof_predictor.networks.latency_network import LatencyNetwork, one_thread
from edgeprof_predictor.networks.optimisation import make_optimizer
from edgeprof_predictor.networks.pretraining import PretrainedNetwork, network_from_tensors
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdaptedNetwork:
    """A network fine-tuned for one platform, with the embedding row of that platform.

    Args:
        network: Its own copy; the pre-trained one is untouched.
        row: Embedding of the platform.
        log_mean: What to add to get the log latency.
        log_sd: What to multiply the network's output by before.
    """

    network: LatencyNetwork
    row: Tensor
    log_mean: float
    log_sd: float

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        weights = {f"network.{name}": value.numpy() for name, value in self.network.state_dict().items()}
        return {
            **weights,
            "row": self.row.numpy(),
            "log_mean": np.array(self.log_mean),
            "log_sd": np.array(self.log_sd),
        }

    @classmethod
    def from_tensors(
        cls,
        space: CategoricalSpace,
        tensors: Mapping[str, NDArray[np.generic]],
        hyperparameters: TransferHyperparameters,
    ) -> AdaptedNetwork:
        """Return what `tensors` was saved from."""
        return cls(
            network=network_from_tensors(space, tensors, hyperparameters),
            row=torch.as_tensor(tensors["row"]),
            log_mean=tensors["log_mean"].item(),
            log_sd=tensors["log_sd"].item(),
        )

    def log_latency(self, encodings: FloatArray) -> FloatArray:
        """Return natural logarithms of milliseconds: `n x d` to `n`."""
        with one_thread(), torch.no_grad():
            inputs = torch.as_tensor(encodings, dtype=torch.float32)
            predicted = self.network(inputs, self.row.expand(len(inputs), -1)).numpy()
        log_latency: FloatArray = predicted.astype(np.float64) * self.log_sd + self.log_mean
        return log_latency


def fine_tune(
    pretrained: PretrainedNetwork,
    row: Tensor,
    encodings: FloatArray,
    log_latency: FloatArray,
    weights: FloatArray,
    hyperparameters: TransferHyperparameters,
    *,
    seed: int,
) -> AdaptedNetwork:
    """Adapt network and row to one platform by plain gradient steps.

    Letters: `n` architectures, `d` encoding width, `h` embedding width.

    Args:
        pretrained: Trained on the sources; left as it is, all its rows too.
        row: Embedding to start from.
        encodings: Architectures with known or predicted latency; none leaves the network as it is.
        log_latency: Natural logarithms of their milliseconds.
        weights: How much each counts; their mean does not matter.
        hyperparameters: Epochs, learning rate, batch size.
        seed: Of the order of the samples.

    Shapes:
        row: `h`.  encodings: `n x d`.  log_latency: `n`.  weights: `n`.

    Source:
        Multi-Predict, section 3.3, Eq. 2.
    """
    # A network that was loaded to predict is frozen; its copy must learn.
    network, row = copy.deepcopy(pretrained.network).requires_grad_(True), row.clone().requires_grad_()
    inputs = torch.as_tensor(encodings, dtype=torch.float32)
    log_mean = 0.0
    if len(inputs):
        # The offset is the speed of the platform; rows of sources hold no speed.
        started = AdaptedNetwork(network=network, row=row.detach(), log_mean=0.0, log_sd=pretrained.log_sd)
        log_mean = float(np.average(log_latency - started.log_latency(encodings), weights=weights))
        targets = torch.as_tensor((log_latency - log_mean) / pretrained.log_sd, dtype=torch.float32)
        shares = torch.as_tensor(weights / weights.mean(), dtype=torch.float32)
        with one_thread():
            _descend(network, row, inputs, targets, shares, hyperparameters, seed)
    return AdaptedNetwork(
        network=network.eval().requires_grad_(False), row=row.detach(), log_mean=log_mean, log_sd=pretrained.log_sd
    )


def _descend(
    network: LatencyNetwork,
    row: Tensor,
    inputs: Tensor,
    targets: Tensor,
    shares: Tensor,
    hyperparameters: TransferHyperparameters,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer, schedule = make_optimizer(
        [*network.parameters(), row],
        epochs=hyperparameters.target_epochs,
        learning_rate=hyperparameters.target_learning_rate,
        weight_decay=hyperparameters.weight_decay,
    )
    for _ in range(hyperparameters.target_epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for batch in torch.split(order, hyperparameters.batch_size):
            optimizer.zero_grad()
            predicted = network(inputs[batch], row.expand(len(batch), -1))
            loss = (shares[batch] * nn.functional.mse_loss(predicted, targets[batch], reduction="none")).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
