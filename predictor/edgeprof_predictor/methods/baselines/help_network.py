"""HELP's network and what is meta-learned of it: a start, a learning rate for each weight, and a modulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaHyperparameters:
    """How HELP is meta-learned.

    Args:
        layer_width: Units of a layer that reads architecture or hardware; those after have twice as many.
        episodes: Meta-gradient steps, at most.
        check_every: Episodes between two looks at the left-out sources.
        patience: Episodes without a lower error there after which meta-learning ends.
        tasks: Platforms of an episode.
        support_count: Architectures of a task that it adapts to.
        query_count: Architectures of a task on which the adapted network is judged.
        inner_steps: Gradient steps of an adaptation while meta-learning.
        inner_learning_rate: Where the learned rates start.
        meta_learning_rate: Of Adam.
        modulation_scale: How far the hardware may move the start of the last layers.
        modulation_width: Units of the layer that reads the hardware for that.
    """

    layer_width: int = 100
    episodes: int = 2000
    check_every: int = 50
    patience: int = 400
    tasks: int = 8
    support_count: int = 10
    query_count: int = 100
    inner_steps: int = 2
    inner_learning_rate: float = 0.001
    meta_learning_rate: float = 0.0001
    modulation_scale: float = 0.01
    modulation_width: int = 10


META_LEARNING: Final = MetaHyperparameters()
"""Lee et al. 2021 with the settings of its published program, but 100 queries instead of 1000, gradients of the
first order, and a modulation without chance."""


class HelpNetwork(nn.Module):
    """Read architecture and hardware side by side, then both together.

    Letters: `n` architectures, `d` encoding width, `r` descriptors.

    Args:
        encoding_width: `d`.
        descriptor_count: `r`.
        hyperparameters: Widths.

    Shapes:
        encodings: `n x d`, float.  hardware: `r`, float.
        returns: `n`, float, log latency less the platform's mean, in its standard deviations.
    """

    def __init__(self, encoding_width: int, descriptor_count: int, hyperparameters: MetaHyperparameters) -> None:
        super().__init__()
        width = hyperparameters.layer_width
        self.read_encoding = nn.Sequential(
            nn.Linear(encoding_width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.read_hardware = nn.Sequential(
            nn.Linear(descriptor_count, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.join = nn.Sequential(
            nn.Linear(2 * width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, 1),
        )

    def forward(self, encodings: Tensor, hardware: Tensor) -> Tensor:
        """Return standardised log latencies: `n`."""
        platform = self.read_hardware(hardware).expand(len(encodings), -1)
        predicted: Tensor = self.join(torch.cat([self.read_encoding(encodings), platform], dim=-1))
        return predicted.squeeze(-1)


class MetaLearner(nn.Module):
    """The network, a learning rate for each weight, and what the hardware changes at the start.

    Args:
        encoding_width: Of an architecture.
        descriptor_count: Latencies that describe a platform.
        hyperparameters: Sizes and steps.
    """

    def __init__(self, encoding_width: int, descriptor_count: int, hyperparameters: MetaHyperparameters) -> None:
        super().__init__()
        self.hyperparameters = hyperparameters
        self.network = HelpNetwork(encoding_width, descriptor_count, hyperparameters)
        start = hyperparameters.inner_learning_rate
        self.rates = nn.ParameterList([torch.full_like(weight, start) for weight in self.network.parameters()])
        # One factor for each unit that a joining layer reads, and one shift of its biases.
        self._joined = [name for name, _ in self.network.named_parameters() if name.startswith("join.")]
        shifts = len(self._joined) // 2 * (2 * hyperparameters.layer_width + 1)
        self.modulation = nn.Sequential(
            nn.Linear(descriptor_count, hyperparameters.modulation_width),
            nn.ReLU(),
            nn.Linear(hyperparameters.modulation_width, shifts),
        )

    def adapt(self, encodings: Tensor, targets: Tensor, hardware: Tensor, *, steps: int | None = None) -> Weights:
        """Return the weights after gradient steps on the support sets of `t` platforms, each its own.

        Args:
            encodings: Of the supports.
            targets: Their standardised log latencies.
            hardware: Descriptions of the platforms.
            steps: How many; those of meta-learning when None.

        Shapes:
            encodings: `t x n x d`.  targets: `t x n`.  hardware: `t x r`.
        """
        weights = self._started(hardware)
        wanted = self.hyperparameters.inner_steps if steps is None else steps
        for _ in range(wanted if targets.shape[1] else 0):
            errors = self.predict(weights, encodings, hardware) - targets
            # First order: a step counts as a constant when the meta-gradient is taken.
            gradients = torch.autograd.grad((errors**2).mean(dim=1).sum(), tuple(weights.values()), retain_graph=True)
            weights = {
                name: weight - rate * gradient
                for (name, weight), rate, gradient in zip(weights.items(), self.rates, gradients, strict=True)
            }
        return weights

    def predict(self, weights: Weights, encodings: Tensor, hardware: Tensor) -> Tensor:
        """Return predictions with the weights of each platform: `t x n`."""
        predicted: Tensor = vmap(lambda *inputs: functional_call(self.network, inputs[0], inputs[1:]))(
            weights, encodings, hardware
        )
        return predicted

    def _started(self, hardware: Tensor) -> Weights:
        """Return the weights to start from on each platform: those of the network, modulated."""
        weights = {
            name: weight.expand(len(hardware), *weight.shape) for name, weight in self.network.named_parameters()
        }
        changes = self.hyperparameters.modulation_scale * self.modulation(hardware)
        width = 2 * self.hyperparameters.layer_width
        for name, change in zip(self._joined[::2], changes.split(width + 1, dim=1), strict=True):
            bias_name = name.replace("weight", "bias")
            weights[name] = weights[name] * (1.0 + change[:, None, :width])
            weights[bias_name] = weights[bias_name] + change[:, width:]
        return weights
