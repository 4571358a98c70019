"""Predictions of the default method for one platform, and what is saved of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.default.calibration import Calibration
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.informative_design import REMAINING_COUNT, remaining_variance
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.methods.onboarding_method import DEFAULT_METHOD, ProfilePredictor
from edgeprof_predictor.networks.fine_tuning import AdaptedNetwork
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER, TransferHyperparameters
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

CHUNK_LENGTH: Final = 1024
"""Architectures predicted at once, so that their encodings stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistilledNetwork:
    """The distilled network of a platform and its weight.

    Args:
        network: Fine-tuned on the samples and on the model's predictions elsewhere.
        weight: Its weight against the model in the predicted log latency, 0 to 1.
    """

    network: AdaptedNetwork
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdaptedPlatform:
    """All that a platform's predictions need, to be saved as it is.

    Args:
        posterior: The probabilistic model given the samples.
        distilled: Gives the fine-tuned network, which is trained at the first call: deciding about another sample
            needs the model alone. Gives None where there are no sources: nothing was pretrained.
        interval_factor: Calibration of the model's standard deviations.
        expectation: The median error to expect.
        source_platform: Whose row the network's row started from.
        source_correlation: Its correlation on the samples.
        calibration: Of factor and expectation, for more samples; None in profiles of earlier releases, where both stay
            as they are.
    """

    posterior: Posterior
    distilled: Callable[[], DistilledNetwork | None]
    interval_factor: float
    expectation: ExpectedError
    source_platform: str | None
    source_correlation: float
    calibration: Calibration | None = None

    def joined(self, samples: Samples) -> AdaptedPlatform:
        """Return the platform after more samples: its model learns from them, and is calibrated for their number.

        The network, whose weight is small, stays as it is.
        """
        posterior = self.posterior.joined(samples)
        if self.calibration is None:
            return replace(self, posterior=posterior)
        count = posterior.samples.count
        return replace(
            self,
            posterior=posterior,
            interval_factor=self.calibration.interval_factor(count),
            expectation=self.calibration.expected_error(posterior.log_errors(posterior.prior.space_sample), count),
        )


class DefaultPredictor(ProfilePredictor):
    """Predictions for one platform.

    Args:
        adapted: Model and network of the platform.
    """

    estimates_gain: bool = True
    interval_origin: ClassVar[str] = "the model's variance, calibrated on left-out platforms"

    def __init__(self, adapted: AdaptedPlatform) -> None:
        self.adapted: Final = adapted
        self.has_sources = bool(adapted.posterior.prior.sources.platforms)
        self.source_platform = adapted.source_platform
        self.source_correlation = adapted.source_correlation
        if adapted.calibration is not None and adapted.source_platform is not None:
            self.source_correlation_lower = adapted.calibration.correlation_lower(
                adapted.source_correlation, adapted.posterior.samples.count
            )

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
        log_latency: FloatArray = np.log(mean)
        if (distilled := self.adapted.distilled()) is not None:
            by_network = distilled.network.log_latency(posterior.prior.one_hot(choices))
            log_latency = log_latency + distilled.weight * (by_network - log_latency)
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

    def joined(self, samples: Samples) -> DefaultPredictor:
        """Return the predictor after more samples: hyper-parameter samples are weighed again, the network stays."""
        return DefaultPredictor(self.adapted.joined(samples))

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays to save."""
        return tensors_of(self.adapted)

    def document(self) -> dict[str, Any]:
        """Return the names of the sources, and the one whose row the platform's started from."""
        return {
            "method": DEFAULT_METHOD,
            "source_platforms": list(self.adapted.posterior.prior.sources.platforms),
            "source_platform": self.adapted.source_platform,
        }

    @classmethod
    def restored(
        cls, space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]
    ) -> DefaultPredictor:
        """Return what `tensors` and `document` were saved from.

        Args:
            space: The search space.
            tensors: The arrays.
            document: The rest.
        """
        platforms = tuple(document["source_platforms"])
        return cls(platform_from_tensors(space, platforms, document["source_platform"], tensors))

    def complete(self) -> None:
        """Train the network now."""
        self.adapted.distilled()


def tensors_of(adapted: AdaptedPlatform) -> dict[str, NDArray[np.generic]]:
    """Return what to save of a platform."""
    distilled = adapted.distilled()
    return {
        **adapted.posterior.prior.tensors(),
        **adapted.posterior.hyper_samples.tensors(),
        **({} if distilled is None else distilled.network.tensors()),
        **({} if adapted.calibration is None else adapted.calibration.tensors()),
        **({} if distilled is None else {"network_weight": np.array(distilled.weight)}),
        "interval_factor": np.array(adapted.interval_factor),
        "expected_error": np.array([adapted.expectation.lower, adapted.expectation.error, adapted.expectation.upper]),
        "source_correlation": np.array(adapted.source_correlation),
        **adapted.posterior.samples.tensors(),
    }


def platform_from_tensors(
    space: CategoricalSpace,
    platforms: tuple[str, ...],
    source_platform: str | None,
    tensors: Mapping[str, NDArray[np.generic]],
    hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
) -> AdaptedPlatform:
    """Return what `tensors_of` was saved from."""
    prior = Prior.from_tensors(space, platforms, tensors)
    lower, error, upper = tensors["expected_error"].astype(np.float64).tolist()
    distilled = None
    if "row" in tensors:
        distilled = DistilledNetwork(
            network=AdaptedNetwork.from_tensors(space, tensors, hyperparameters),
            weight=tensors["network_weight"].item(),
        )
    return AdaptedPlatform(
        posterior=Posterior(prior, HyperparameterSamples.from_tensors(tensors), Samples.from_tensors(tensors)),
        distilled=lambda: distilled,
        interval_factor=tensors["interval_factor"].item(),
        expectation=ExpectedError(lower=lower, error=error, upper=upper),
        source_platform=source_platform,
        source_correlation=tensors["source_correlation"].item(),
        calibration=Calibration.from_tensors(tensors) if "calibration.sample_counts" in tensors else None,
    )
