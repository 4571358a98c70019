"""HELP: a network meta-learned so that a few gradient steps suit it to a new platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.baselines.help_network import META_LEARNING, MetaHyperparameters, MetaLearner, Weights
from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.methods.onboarding_method import described
from edgeprof_predictor.methods.pointwise import PointwisePredictor, spread
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.networks.optimisation import Adam
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

__all__ = ["META_LEARNING", "Help", "MetaHyperparameters"]

STEP_COUNTS: Final = (2, 5, 10, 20)
"""Gradient steps of an adaptation that are compared on left-out sources; the published program takes 2."""

LEFT_OUT_SHARE: Final = 0.2
MIN_SOURCE_COUNT: Final = 4
"""A fifth of the sources decides episodes and steps, at least one; with fewer than four sources none can be spared."""

MIN_LOG_SD: Final = 1e-3
"""Smallest spread of log latency that is divided by."""

DRAW_COUNT: Final = 8
"""Supports of each left-out source that are adapted to."""


class Help(Method):
    """Meta-learn on the sources, describe a platform by descriptor architectures, adapt by a few gradient steps.

    A fifth of the sources is left out first: meta-learning on the others goes on until these are predicted no better,
    and they choose the number of gradient steps of an adaptation. Then all sources are meta-learned for that long.

    Args:
        space: The search space.
        sources: Latencies of the source platforms.
        hyperparameters: Sizes and steps.
        seed: Of weights, descriptors and episodes.

    Source:
        Lee et al. 2021. Differs: latency is the logarithm, less mean and in units of spread, where the original scales
        it to its range; the network is the one for flat encodings on every space, where NAS-Bench-201 has a graph
        network; gradients are of the first order, where the program takes the second; 100 queries a task instead of
        1000; the modulation has no random part; episodes are limited by left-out sources, where the program has 2000
        and further platforms to validate on; so are the steps of an adaptation, where the program takes two.
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
            self._first, self.learner = (
                MetaLearner(sum(space.choice_counts), len(self.descriptors.choices), hyperparameters) for _ in range(2)
            )
        log_latency = np.log(sources.latency_ms)
        self._centred = log_latency - log_latency.mean(axis=1, keepdims=True)
        self.log_sd = float(self._centred.std())
        self.inner_steps = hyperparameters.inner_steps

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
        method = cls(space, sources, hyperparameters or cls.hyperparameters, seed=seed)
        # A source that takes equally long for all has no spread to scale by.
        targets = _as_tensor(method._centred / np.maximum(method._centred.std(axis=1, keepdims=True), MIN_LOG_SD))
        encodings, everything = method._encode(sources.choices), np.arange(len(targets))
        with one_thread():
            episodes, method.inner_steps = method._limits(method._first, encodings, targets, seed)
            method._meta_train(method.learner, encodings, targets, everything, seed, episodes=episodes)
        return method

    def trained(self) -> dict[str, NDArray[np.generic]]:
        """Return what was meta-learned, and the steps of an adaptation."""
        weights = {f"learner.{name}": value.detach().numpy() for name, value in self.learner.state_dict().items()}
        return {**weights, "inner_steps": np.array(self.inner_steps)}

    @classmethod
    def restored(
        cls, space: CategoricalSpace, sources: LatencyTable, trained: Mapping[str, NDArray[np.generic]], *, seed: int
    ) -> Help:
        """Return the method that was meta-learned on these sources."""
        method = cls(space, sources, cls.hyperparameters, seed=seed)
        weights = described(trained, "learner.")
        method.learner.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
        method.inner_steps = trained["inner_steps"].item()
        return method

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
            weights = self.learner.adapt(encodings, targets, hardware, steps=self.inner_steps)
        weights = {name: weight.detach() for name, weight in weights.items()}
        errors = np.log(samples.latency_ms) - mean - sd * self._predict(started, samples.choices, hardware)
        return PointwisePredictor(
            lambda choices: mean + sd * self._predict(weights, choices, hardware),
            spread(errors, fitted_count=2),
            is_relative=samples.count == 0,
            checked_count=samples.count - 2,
        )

    def _limits(self, learner: MetaLearner, encodings: Tensor, targets: Tensor, seed: int) -> tuple[int, int]:
        """Return for how many episodes to meta-learn and by how many steps to adapt, as left-out sources have it."""
        settings = learner.hyperparameters
        order = np.random.default_rng(seed).permutation(len(targets))
        left_out, others = np.split(order, [max(1, int(LEFT_OUT_SHARE * len(targets)))])
        if len(targets) < MIN_SOURCE_COUNT:
            return settings.episodes, settings.inner_steps
        best = (np.inf, settings.episodes, settings.inner_steps)

        def is_done(episode: int) -> bool:
            nonlocal best
            if episode % settings.check_every and episode < settings.episodes:
                return False
            errors = self._errors(learner, encodings, targets, left_out, seed)
            steps = min(errors, key=lambda count: errors[count])
            best = min(best, (errors[steps], episode, steps))
            return episode - best[1] >= settings.patience

        self._meta_train(learner, encodings, targets, others, seed, episodes=settings.episodes, is_done=is_done)
        return best[1:]

    def _errors(
        self, learner: MetaLearner, encodings: Tensor, targets: Tensor, platforms: NDArray[np.int64], seed: int
    ) -> dict[int, float]:
        """Return the squared error on some sources after each number of steps, over several supports of each."""
        generator = torch.Generator().manual_seed(seed)
        tasks = torch.as_tensor(np.repeat(platforms, DRAW_COUNT))
        support, query = _draw(learner.hyperparameters, len(tasks), len(encodings), generator)
        rows = _as_tensor(self.descriptors.source_rows)[tasks]
        found = {}
        for count in STEP_COUNTS:
            weights = learner.adapt(encodings[support], targets[tasks[:, None], support], rows, steps=count)
            with torch.no_grad():
                error = (learner.predict(weights, encodings[query], rows) - targets[tasks[:, None], query]).square()
            # Steps that are too long for the learned rates may leave no number.
            found[count] = float(error.mean().nan_to_num(nan=np.inf))
        return found

    def _meta_train(
        self,
        learner: MetaLearner,
        encodings: Tensor,
        targets: Tensor,
        platforms: NDArray[np.int64],
        seed: int,
        *,
        episodes: int,
        is_done: Callable[[int], bool] | None = None,
    ) -> None:
        """Learn start and rates: adapt to some architectures of a source, judge by others.

        Args:
            learner: Changed in place.
            encodings: Of the known architectures.
            targets: Their standardised log latencies on each source.
            platforms: The sources to learn from.
            seed: Of the episodes.
            episodes: How many, at most.
            is_done: Told the number of episodes after each; True ends before the last one.

        Shapes:
            encodings: `n x d`.  targets: `p x n`.
        """
        settings = learner.hyperparameters
        generator = torch.Generator().manual_seed(seed)
        optimizer = Adam(learner.parameters(), lr=settings.meta_learning_rate, fused=True)
        rows, known = _as_tensor(self.descriptors.source_rows), torch.as_tensor(platforms)
        for episode in range(1, episodes + 1):
            optimizer.zero_grad()
            tasks = known[torch.randint(len(known), (settings.tasks,), generator=generator)]
            support, query = _draw(settings, len(tasks), len(encodings), generator)
            weights = learner.adapt(encodings[support], targets[tasks[:, None], support], rows[tasks])
            predicted = learner.predict(weights, encodings[query], rows[tasks])
            loss = nn.functional.mse_loss(predicted, targets[tasks[:, None], query])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if is_done is not None and is_done(episode):
                return

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


def _draw(
    settings: MetaHyperparameters, task_count: int, architecture_count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return the architectures that each task adapts to and those that it is judged by: `t x n` and `t x n'`."""
    count = min(settings.support_count + settings.query_count, architecture_count)
    drawn = [torch.randperm(architecture_count, generator=generator)[:count] for _ in range(task_count)]
    support, query = torch.stack(drawn).tensor_split([settings.support_count], dim=1)
    return support, query


def _as_tensor(values: FloatArray) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
