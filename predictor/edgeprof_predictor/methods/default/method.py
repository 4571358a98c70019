"""Our method: few informative samples, a probabilistic model, a network fine-tuned on site.

The steps of the paper stay steps: samples are chosen, the new platform's embedding row starts from
the source that correlates best, network and row are fine-tuned. What is added: the samples are
chosen for what they tell, and a probabilistic model that starts from physics and sources learns
from them, gives intervals, and teaches the network on architectures that were never measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Method, PlatformPredictor, Prediction
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.calibration import Calibration, calibrate
from edgeprof_predictor.methods.default.hyperprior import Evidence
from edgeprof_predictor.methods.default.informative_design import REMAINING_COUNT, Informative, remaining_variance
from edgeprof_predictor.methods.default.posterior import SHARE_FLOOR, Hypotheses, Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.networks.fine_tuning import AdaptedNetwork, fine_tune
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.pretraining import PretrainedNetwork, pretrain
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

TAUGHT_COUNT: Final = 600
"""Unmeasured architectures on which the model teaches the network."""

NETWORK_WEIGHT_MAX: Final = 0.2
"""Largest weight of the fine-tuned network against the model that taught it: a student shares the
errors of its teacher and adds its own, so much of it gains nothing."""

FIRST_ROUND_COUNT: Final = 3
"""Samples chosen before anything is measured: what one or two say of a platform misleads the choice of the next."""

CHUNK_LENGTH: Final = 1024
"""Architectures predicted at once, so that their encodings stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtNetwork:
    """The network of a platform, and how far to trust it.

    Args:
        network: Fine-tuned on the samples, and on what the model believes elsewhere.
        weight: Its weight against the model in the predicted log latency, 0 to 1.
    """

    network: AdaptedNetwork
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdaptedPlatform:
    """All that a platform's predictions need, to be saved as it is.

    Args:
        posterior: The probabilistic model given the samples.
        taught: Gives the fine-tuned network, which is trained when first asked for: whether
            another sample would help, the model tells alone.
        interval_factor: Calibration of the model's standard deviations.
        expectation: The median error to expect.
        source_platform: Whose row the network's row started from.
        source_correlation: Its correlation on the samples.
    """

    posterior: Posterior
    taught: Callable[[], TaughtNetwork]
    interval_factor: float
    expectation: ExpectedError
    source_platform: str | None
    source_correlation: float


class Default(Method):
    """Physics, sources and a network, corrected by few samples.

    Args:
        prior: Of the search space and its sources.
        hypotheses: Drawn for that prior.
        pretrained: Network and rows of the sources.
        calibration: Of the intervals.
        hyperparameters: Of the network.
    """

    name: ClassVar[str] = "default"

    def __init__(
        self,
        prior: Prior,
        hypotheses: Hypotheses,
        pretrained: PretrainedNetwork,
        calibration: Calibration,
        hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
    ) -> None:
        self.space = prior.feature_map.space
        self.platforms = prior.sources.platforms
        self.prior = prior
        self.hypotheses = hypotheses
        self.pretrained = pretrained
        self.calibration = calibration
        self.hyperparameters = hyperparameters

    @classmethod
    def fit_sources(
        cls,
        space: CategoricalSpace,
        sources: LatencyTable,
        *,
        seed: int,
        hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
    ) -> Default:
        """Fit regressions and network to the sources; calibrate on each family left out."""
        feature_map = FeatureMap(space)
        prior = Prior.of(feature_map, SourceRegressions.fit(feature_map, sources), seed=seed)
        hypotheses = Hypotheses.draw(prior, seed=seed)
        evidence = Evidence.gather(prior, hypotheses, sources, seed=seed)
        return cls(
            prior,
            evidence.weigh(hypotheses),
            pretrain(space, sources, hyperparameters, seed=seed),
            calibrate(prior, hypotheses, evidence, sources, seed=seed),
            hyperparameters,
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save: learned parameters, no latency of any source."""
        return {
            **self.prior.tensors(),
            **self.hypotheses.tensors(),
            **self.pretrained.tensors(),
            **self.calibration.tensors(),
        }

    @classmethod
    def from_tensors(
        cls,
        space: CategoricalSpace,
        platforms: tuple[str, ...],
        tensors: Mapping[str, NDArray[np.generic]],
        hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
    ) -> Default:
        """Return what `tensors` was saved from."""
        return cls(
            Prior.from_tensors(space, platforms, tensors),
            Hypotheses.from_tensors(tensors),
            PretrainedNetwork.from_tensors(space, platforms, tensors, hyperparameters),
            Calibration.from_tensors(tensors),
            hyperparameters,
        )

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the candidates that tell most about the platform, given what is measured."""
        return Informative(self.prior, self.hypotheses)(candidates, count, measured=measured, seed=seed)

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once: a few before anything is known, then one at a time."""
        return min(1 if sample_count else FIRST_ROUND_COUNT, wanted_count - sample_count)

    def adapt(self, samples: Samples, *, seed: int) -> DefaultPredictor:
        """Learn the platform from its samples; with none, rank by physics."""
        hypotheses = self.hypotheses if samples.count else self.hypotheses.of_mean(self.prior.unsampled_mean)
        posterior = Posterior.infer(self.prior, hypotheses, samples)
        encodings = self.space.one_hot(samples.choices)
        nearest, correlation = nearest_platform(
            self.platforms, np.exp(self.pretrained.source_log_latencies(encodings)), samples.latency_ms
        )
        return DefaultPredictor(
            AdaptedPlatform(
                posterior=posterior,
                taught=cache(lambda: self._teach(posterior, nearest, seed=seed)),
                interval_factor=self.calibration.interval_factor(samples.count),
                expectation=self.calibration.expected_error(posterior.log_errors(self.prior.reference), samples.count),
                source_platform=nearest,
                source_correlation=correlation,
            )
        )

    def _teach(self, posterior: Posterior, nearest: str | None, *, seed: int) -> TaughtNetwork:
        """Fine-tune the network on the samples, and on what the model believes elsewhere."""
        samples = posterior.samples
        row = self.pretrained.embeddings.initial_row("max_correlation", nearest, seed=seed)
        taught = self.prior.feature_map.reference_choices[:TAUGHT_COUNT]
        mean, sd = posterior.predict(self.prior.reference[: len(taught)])
        network = fine_tune(
            self.pretrained,
            row,
            self.space.one_hot(np.concatenate([samples.choices, taught])),
            np.log(np.concatenate([samples.latency_ms, mean])),
            np.concatenate([np.full(samples.count, (mean / sd).max() ** 2), (mean / sd) ** 2]),
            self.hyperparameters,
            seed=seed,
        )
        weight = self._network_weight(posterior, network) if samples.count else 0.0
        return TaughtNetwork(network=network, weight=weight)

    def _network_weight(self, posterior: Posterior, network: AdaptedNetwork) -> float:
        """Weigh the network by its precision on architectures that it never saw.

        The model errs by its own doubt, measurement noise left out; the network besides by what
        it did not take over from the model.
        """
        rest = slice(TAUGHT_COUNT, None)
        choices, basis = self.prior.feature_map.reference_choices[rest], self.prior.reference[rest]
        if not len(choices):
            return 0.0
        means, variances = posterior.predict_each(basis)
        mean, _ = posterior.predict(basis)
        missed = float(np.mean((network.log_latency(self.space.one_hot(choices)) - np.log(mean)) ** 2))
        doubt = float(np.median(variances.mean(axis=0) / np.maximum(means.mean(axis=0), SHARE_FLOOR) ** 2))
        return NETWORK_WEIGHT_MAX * doubt / (doubt + missed)


class DefaultPredictor(PlatformPredictor):
    """Predictions for one platform.

    Args:
        adapted: Model and network of the platform.
    """

    def __init__(self, adapted: AdaptedPlatform) -> None:
        self.adapted: Final = adapted
        self.source_platform = adapted.source_platform
        self.source_correlation = adapted.source_correlation

    @property
    def samples(self) -> Samples:
        """What the platform was learnt from."""
        return self.adapted.posterior.samples

    @property
    def space(self) -> CategoricalSpace:
        """The search space."""
        return self.adapted.posterior.prior.feature_map.space

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies: model and network averaged, intervals of the model."""
        starts = range(0, max(len(choices), 1), CHUNK_LENGTH)
        chunks = [self._log_latency(choices[start : start + CHUNK_LENGTH]) for start in starts]
        log_latency, log_sd = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
        return Prediction.lognormal(np.exp(log_latency), log_sd, is_relative=self.samples.count == 0)

    def _log_latency(self, choices: ChoiceArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of log latency: `n` each."""
        posterior = self.adapted.posterior
        mean, sd = posterior.predict(posterior.prior.basis(choices))
        taught = self.adapted.taught()
        by_network = taught.network.log_latency(self.space.one_hot(choices))
        log_latency = np.log(mean) + taught.weight * (by_network - np.log(mean))
        return log_latency, self.adapted.interval_factor * np.sqrt(np.log1p((sd / mean) ** 2))

    @property
    def expected_error(self) -> float:
        """Median relative error to expect, from the model's calibrated spread over the space."""
        return self.adapted.expectation.error

    @property
    def expectation(self) -> ExpectedError:
        """The expected error and how sure it is."""
        return self.adapted.expectation

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the error to expect after the best next samples."""
        posterior = self.adapted.posterior
        share = remaining_variance(posterior, posterior.prior.basis(candidates[:REMAINING_COUNT]), count)
        return self.expected_error * math.sqrt(share)


def tensors_of(adapted: AdaptedPlatform) -> dict[str, NDArray[np.generic]]:
    """Return what to save of a platform."""
    samples, taught = adapted.posterior.samples, adapted.taught()
    return {
        **adapted.posterior.prior.tensors(),
        **adapted.posterior.hypotheses.tensors(),
        **taught.network.tensors(),
        "network_weight": np.array(taught.weight),
        "interval_factor": np.array(adapted.interval_factor),
        "expected_error": np.array([adapted.expectation.lower, adapted.expectation.error, adapted.expectation.upper]),
        "source_correlation": np.array(adapted.source_correlation),
        "samples.choices": samples.choices,
        "samples.latency_ms": samples.latency_ms,
        "samples.relative_sd": samples.relative_sd,
        "samples.resolution_ms": np.array(samples.resolution_ms),
    }


def platform_from_tensors(
    space: CategoricalSpace,
    platforms: tuple[str, ...],
    source_platform: str | None,
    tensors: Mapping[str, NDArray[np.generic]],
    hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
) -> AdaptedPlatform:
    """Return what `tensors_of` was saved from."""
    samples = Samples(
        choices=tensors["samples.choices"].astype(np.int8),
        latency_ms=tensors["samples.latency_ms"].astype(np.float64),
        relative_sd=tensors["samples.relative_sd"].astype(np.float64),
        resolution_ms=tensors["samples.resolution_ms"].item(),
    )
    prior = Prior.from_tensors(space, platforms, tensors)
    lower, error, upper = tensors["expected_error"].astype(np.float64).tolist()
    taught = TaughtNetwork(
        network=AdaptedNetwork.from_tensors(space, tensors, hyperparameters),
        weight=tensors["network_weight"].item(),
    )
    return AdaptedPlatform(
        posterior=Posterior(prior, Hypotheses.from_tensors(tensors), samples),
        taught=lambda: taught,
        interval_factor=tensors["interval_factor"].item(),
        expectation=ExpectedError(lower=lower, error=error, upper=upper),
        source_platform=source_platform,
        source_correlation=tensors["source_correlation"].item(),
    )
