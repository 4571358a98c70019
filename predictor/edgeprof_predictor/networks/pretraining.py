"""Train the network on all source platforms at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgeprof_predictor.networks.embedding_table import EmbeddingTable
from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters
from edgeprof_predictor.networks.latency_network import LatencyNetwork
from edgeprof_predictor.networks.optimisation import descend, make_optimizer
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

logger = logging.getLogger(__name__)

ROW_EPOCHS: Final = 20
ROW_BATCH_SIZE: Final = 128
ROW_LEARNING_RATE: Final = 0.05
"""How a row alone is fitted: its few numbers converge within these steps."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PretrainedNetwork:
    """A network with the embeddings of its source platforms.

    Args:
        network: Predicts log latency less the platform's mean, in units of `log_sd`.
        embeddings: Rows of the source platforms.
        log_sd: Spread of log latency within a platform, over all sources.
    """

    network: LatencyNetwork
    embeddings: EmbeddingTable
    log_sd: float

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        weights = {f"network.{name}": value.numpy() for name, value in self.network.state_dict().items()}
        return {**weights, "embeddings": self.embeddings.rows.detach().numpy(), "log_sd": np.array(self.log_sd)}

    @classmethod
    def from_tensors(
        cls,
        space: CategoricalSpace,
        platforms: tuple[str, ...],
        tensors: Mapping[str, NDArray[np.generic]],
        hyperparameters: TransferHyperparameters,
    ) -> PretrainedNetwork:
        """Return what `tensors` was saved from."""
        embeddings = EmbeddingTable(platforms, hyperparameters.embedding_width)
        embeddings.load_state_dict({"rows": torch.as_tensor(tensors["embeddings"])})
        return cls(
            network=network_from_tensors(space, tensors, hyperparameters),
            embeddings=embeddings.eval(),
            log_sd=tensors["log_sd"].item(),
        )

    def with_platforms(
        self,
        platforms: tuple[str, ...],
        encodings: FloatArray,
        log_latency: FloatArray,
        *,
        seed: int,
    ) -> PretrainedNetwork:
        """Return the network with rows of more platforms, fitted to their latencies; the network stays as it is.

        A row of the same name is replaced.

        Args:
            platforms: Names of the new rows.
            encodings: Architectures whose latency on them is known.
            log_latency: Natural logarithm of it.
            seed: Of the order of the architectures.

        Shapes:
            encodings: `n x d`.  log_latency: `q x n`.
        """
        kept = tuple(name for name in self.embeddings.platforms if name not in platforms)
        known = [self.embeddings.row(name) for name in kept]
        inputs = torch.as_tensor(encodings, dtype=torch.float32)
        centred = (log_latency - log_latency.mean(axis=1, keepdims=True)) / self.log_sd
        targets = torch.as_tensor(centred, dtype=torch.float32)
        rows = self.embeddings.rows.detach().mean(dim=0).repeat(len(platforms), 1).requires_grad_()

        def loss(batch: Tensor) -> Tensor:
            predicted = [self.network(inputs[batch], row.expand(len(batch), -1)) for row in rows]
            return nn.functional.mse_loss(torch.stack(predicted), targets[:, batch])

        descend(
            [rows],
            loss,
            count=len(inputs),
            batch_size=ROW_BATCH_SIZE,
            epochs=ROW_EPOCHS,
            learning_rate=ROW_LEARNING_RATE,
            weight_decay=0.0,
            seed=seed,
        )
        table = EmbeddingTable((*kept, *platforms), rows.shape[1])
        table.load_state_dict({"rows": torch.stack([*known, *rows.detach()])})
        return PretrainedNetwork(network=self.network, embeddings=table.eval(), log_sd=self.log_sd)

    def source_log_latencies(self, encodings: FloatArray) -> FloatArray:
        """Return log latency on every source, each less its mean: `n x d` to `p x n`."""
        with torch.no_grad():
            inputs = torch.as_tensor(encodings, dtype=torch.float32)
            rows = [self.network(inputs, row.expand(len(inputs), -1)).numpy() for row in self.embeddings.rows]
        return np.stack(rows).astype(np.float64) * self.log_sd


def network_from_tensors(
    space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]], hyperparameters: TransferHyperparameters
) -> LatencyNetwork:
    """Return the network among saved tensors, ready to predict."""
    network = LatencyNetwork(sum(space.choice_counts), hyperparameters)
    prefix = "network."
    network.load_state_dict(
        {name[len(prefix) :]: torch.as_tensor(value) for name, value in tensors.items() if name.startswith(prefix)}
    )
    return network.eval().requires_grad_(False)


def pretrain(
    space: CategoricalSpace,
    table: LatencyTable,
    hyperparameters: TransferHyperparameters,
    *,
    seed: int,
    trust: FloatArray | None = None,
) -> PretrainedNetwork:
    """Train a network and one embedding row for each source platform.

    Args:
        space: Search space of the table.
        table: Latencies of the source platforms.
        hyperparameters: Sizes, epochs, learning rate.
        seed: The same seed gives the same weights on the same machine.
        trust: How much the errors on each platform count: `p`; None where all count alike.

    Source:
        Multi-Predict, section 3.3; log latency is centred for each platform, where the paper is
        silent, so that embeddings need not learn how fast a platform is.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        embeddings = EmbeddingTable(table.platforms, hyperparameters.embedding_width)
        network = LatencyNetwork(sum(space.choice_counts), hyperparameters)
        log_latency = np.log(table.latency_ms)
        centred = log_latency - log_latency.mean(axis=1, keepdims=True)
        log_sd = float(centred.std())
        encodings = torch.as_tensor(space.one_hot(table.choices), dtype=torch.float32)
        targets = torch.as_tensor(centred / log_sd, dtype=torch.float32)
        _train(network, embeddings, encodings, targets, hyperparameters, trust)
    return PretrainedNetwork(network=network.eval(), embeddings=embeddings.eval(), log_sd=log_sd)


def _train(
    network: LatencyNetwork,
    embeddings: EmbeddingTable,
    encodings: Tensor,
    targets: Tensor,
    hyperparameters: TransferHyperparameters,
    trust: FloatArray | None,
) -> None:
    parameters = [*network.parameters(), *embeddings.parameters()]
    optimizer, schedule = make_optimizer(
        parameters,
        epochs=hyperparameters.source_epochs,
        learning_rate=hyperparameters.source_learning_rate,
        weight_decay=hyperparameters.weight_decay,
    )
    platform_count, count = targets.shape
    platform_index = torch.arange(platform_count).repeat_interleave(count)
    architecture_index = torch.arange(count).repeat(platform_count)
    flat_targets = targets.reshape(-1)
    shares = None if trust is None else torch.as_tensor(trust / trust.mean(), dtype=torch.float32)
    for epoch in range(hyperparameters.source_epochs):
        loss = torch.zeros(())
        for batch in torch.split(torch.randperm(len(flat_targets)), hyperparameters.batch_size):
            optimizer.zero_grad()
            predicted = network(encodings[architecture_index[batch]], embeddings(platform_index[batch]))
            if shares is None:
                loss = nn.functional.mse_loss(predicted, flat_targets[batch])
            else:
                errors = nn.functional.mse_loss(predicted, flat_targets[batch], reduction="none")
                loss = (shares[platform_index[batch]] * errors).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        logger.debug("epoch %d of %d: loss %.4f", epoch + 1, hyperparameters.source_epochs, loss.item())
