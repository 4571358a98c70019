"""HELP: a network meta-learned so that two gradient steps suit it to a new platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, vmap

from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.methods.pointwise import PointwisePredictor, spread
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaHyperparameters:
    """How HELP is meta-learned.

    Args:
        layer_width: Units of a layer that reads architecture or hardware; those after have twice as many.
        episodes: Meta-gradient steps.
        tasks: Platforms of an episode.
        support_count: Architectures of a task that it adapts to.
        query_count: Architectures of a task on which the adapted network is judged.
        inner_steps: Gradient steps of an adaptation.
        inner_learning_rate: Where the learned rates start.
        meta_learning_rate: Of Adam.
        modulation_scale: How far the hardware may move the start of the last layers.
        modulation_width: Units of the layer that reads the hardware for that.
    """

    layer_width: int = 100
    episodes: int = 2000
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

    def adapt(self, encodings: Tensor, targets: Tensor, hardware: Tensor) -> Weights:
        """Return the weights after gradient steps on the support sets of `t` platforms, each its own.

        Shapes:
            encodings: `t x n x d`.  targets: `t x n`.  hardware: `t x r`.
        """
        weights = self._started(hardware)
        for _ in range(self.hyperparameters.inner_steps if targets.shape[1] else 0):
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


class Help(Method):
    """Meta-learn on the sources, describe a platform by descriptor architectures, adapt by two steps.

    Args:
        space: The search space.
        sources: Latencies of the source platforms.
        hyperparameters: Sizes and steps.
        seed: Of weights, descriptors and episodes.

    Source:
        Lee et al. 2021. Latency is the logarithm, less mean and in units of spread, where the
        original scales it to its range; the network is the one for flat encodings on every space.
    """

    name: ClassVar[str] = "help"
    hyperparameters: ClassVar[MetaHyperparameters] = META_LEARNING

    def __init__(
        self, space: CategoricalSpace, sources: LatencyTable, hyperparameters: MetaHyperparameters, *, seed: int
    ) -> None:
        self.space = space
        self.platforms = sources.platforms
        self.descriptors = DescriptorArchitectures.draw(sources, seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.learner = MetaLearner(sum(space.choice_counts), len(self.descriptors.choices), hyperparameters)
        log_latency = np.log(sources.latency_ms)
        centred = log_latency - log_latency.mean(axis=1, keepdims=True)
        self.log_sd = float(centred.std())
        targets = centred / centred.std(axis=1, keepdims=True)
        with one_thread():
            self._meta_train(self._encode(sources.choices), _as_tensor(targets), seed)

    @classmethod
    def fit_sources(
        cls,
        space: CategoricalSpace,
        sources: LatencyTable,
        *,
        seed: int,
        hyperparameters: MetaHyperparameters | None = None,
    ) -> Help:
        """Meta-learn on the sources."""
        return cls(space, sources, hyperparameters or cls.hyperparameters, seed=seed)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the descriptor architectures among the candidates, then random ones."""
        return self.descriptors.choose(candidates, count, measured=measured, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Adapt to the samples by gradient steps from the start that the description modulates."""
        encodings, hardware = self._encode(samples.choices)[None], _as_tensor(self.descriptors.describe(samples))[None]
        started = self.learner.adapt(encodings[:, :0], torch.zeros(1, 0), hardware)
        # Mean and spread over the space are estimated from the samples and from where their predictions
        # lie within the space.
        mean, sd = self._scale(np.log(samples.latency_ms), self._predict(started, samples.choices, hardware))
        targets = _as_tensor((np.log(samples.latency_ms) - mean) / sd)[None]
        with one_thread():
            weights = self.learner.adapt(encodings, targets, hardware)
        weights = {name: weight.detach() for name, weight in weights.items()}
        errors = np.log(samples.latency_ms) - mean - sd * self._predict(started, samples.choices, hardware)
        return PointwisePredictor(
            lambda choices: mean + sd * self._predict(weights, choices, hardware),
            spread(errors, fitted_count=2),
            is_relative=samples.count == 0,
            checked_count=samples.count - 2,
        )

    def _meta_train(self, encodings: Tensor, targets: Tensor, seed: int) -> None:
        """Learn start and rates: adapt to some architectures of a source, judge by others.

        Shapes:
            encodings: `n x d`.  targets: `p x n`.
        """
        settings = self.learner.hyperparameters
        generator = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.Adam(self.learner.parameters(), lr=settings.meta_learning_rate, fused=True)
        rows = _as_tensor(self.descriptors.source_rows)
        count = min(settings.support_count + settings.query_count, len(encodings))
        for _ in range(settings.episodes):
            optimizer.zero_grad()
            platforms = torch.randint(len(targets), (settings.tasks,), generator=generator)
            drawn = [torch.randperm(len(encodings), generator=generator)[:count] for _ in platforms]
            support, query = torch.stack(drawn).tensor_split([settings.support_count], dim=1)
            weights = self.learner.adapt(encodings[support], targets[platforms[:, None], support], rows[platforms])
            predicted = self.learner.predict(weights, encodings[query], rows[platforms])
            loss = nn.functional.mse_loss(predicted, targets[platforms[:, None], query])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def _scale(self, log_latency: FloatArray, predicted: FloatArray) -> tuple[float, float]:
        """Return mean and spread of log latency over the space, from samples and their prediction."""
        if not len(log_latency):
            return 0.0, self.log_sd
        is_telling = len(log_latency) > 2 and np.ptp(predicted) > 0 and np.ptp(log_latency) > 0
        sd = float(log_latency.std() / predicted.std()) if is_telling else self.log_sd
        return float(log_latency.mean() - sd * predicted.mean()), sd

    def _predict(self, weights: Weights, choices: ChoiceArray, hardware: Tensor) -> FloatArray:
        """Return predictions on the platform of these weights: `n`."""
        with one_thread(), torch.no_grad():
            predicted = self.learner.predict(weights, self._encode(choices)[None], hardware)[0]
        return predicted.numpy().astype(np.float64)

    def _encode(self, choices: ChoiceArray) -> Tensor:
        return _as_tensor(self.space.one_hot(choices))


def _as_tensor(values: FloatArray) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
