"""Predictions of the default method for one platform, and what is saved of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Prediction, predict_in_chunks
from edgeprof_predictor.methods.default.calibration import Calibration
from edgeprof_predictor.methods.default.distillation import DistilledNetwork
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.informative_design import REMAINING_COUNT, remaining_variance
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.methods.onboarding_method import DEFAULT_METHOD, ProfilePredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray


@dataclass(kw_only=True, eq=False, repr=False)
class DefaultPredictor(ProfilePredictor):
    """Predictions for one platform.

    Args:
        posterior: The probabilistic model given the samples.
        distilled: Gives the fine-tuned network, which is trained at the first call: deciding about another sample
            needs the model alone. Gives None where there are no sources: nothing was pretrained.
        calibration: Of the model's standard deviations and of the error to expect.
        source_platform: Whose row the network's row started from.
        source_correlation: Its correlation on the samples.
    """

    estimates_gain = True

    posterior: Posterior
    distilled: Callable[[], DistilledNetwork | None]
    calibration: Calibration
    source_platform: str | None
    source_correlation: float

    def __post_init__(self) -> None:
        self.has_sources = bool(self.posterior.prior.sources.platforms)

    @property
    def interval_origin(self) -> str:
        """Where intervals and expected error come from, in words."""
        if self.calibration == Calibration.broad():
            return "the model's variance, widened, since no platform could be left out"
        return "the model's variance, calibrated on left-out platforms"

    @property
    def samples(self) -> Samples:
        """What the platform was learnt from."""
        return self.posterior.samples

    @property
    def space(self) -> CategoricalSpace:
        """The search space."""
        return self.posterior.prior.feature_map.space

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies: model and network averaged, intervals of the model."""
        return predict_in_chunks(self._log_latency, choices, is_relative=self.samples.count == 0)

    def _log_latency(self, choices: ChoiceArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of log latency: `n` each."""
        prior = self.posterior.prior
        mean, sd = self.posterior.predict(prior.basis(choices))
        log_latency: FloatArray = np.log(mean)
        if (distilled := self.distilled()) is not None:
            by_network = distilled.network.log_latency(prior.one_hot(choices))
            log_latency = log_latency + distilled.weight * (by_network - log_latency)
        return log_latency, self.interval_factor * np.sqrt(np.log1p((sd / mean) ** 2))

    @property
    def interval_factor(self) -> float:
        """Calibration of the model's standard deviations."""
        return self.calibration.interval_factor(self.samples.count)

    @cached_property
    def expectation(self) -> ExpectedError:
        """The expected error and how sure it is."""
        error = self.posterior.expected_error(self.posterior.prior.space_sample)
        return self.calibration.expected_error(error, self.samples.count)

    @property
    def expected_error(self) -> float:
        """Median relative error to expect, from the model's calibrated spread over the space."""
        return self.expectation.error

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the error to expect after the best next samples."""
        basis = self.posterior.prior.basis(candidates[:REMAINING_COUNT])
        return self.expected_error * math.sqrt(remaining_variance(self.posterior, basis, count))

    def joined(self, samples: Samples) -> DefaultPredictor:
        """Return the predictor after more samples: its model learns from them, and is calibrated for their number.

        The network, whose weight is small, stays as it is.
        """
        return replace(self, posterior=self.posterior.joined(samples))

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays to save."""
        distilled = self.distilled()
        return {
            **self.posterior.prior.tensors(),
            **self.posterior.hyper_samples.tensors(),
            **({} if distilled is None else distilled.tensors()),
            **self.calibration.tensors(),
            "interval_factor": np.array(self.interval_factor),
            "expected_error": np.array([self.expectation.lower, self.expectation.error, self.expectation.upper]),
            "source_correlation": np.array(self.source_correlation),
            **self.samples.tensors(),
        }

    def document(self) -> dict[str, Any]:
        """Return the names of the sources, and the one whose row the platform's started from."""
        return {
            "method": DEFAULT_METHOD,
            "source_platforms": list(self.posterior.prior.sources.platforms),
            "source_platform": self.source_platform,
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
        prior = Prior.from_tensors(space, tuple(document["source_platforms"]), tensors)
        distilled = DistilledNetwork.from_tensors(space, tensors)
        return cls(
            posterior=Posterior(prior, HyperparameterSamples.from_tensors(tensors), Samples.from_tensors(tensors)),
            distilled=lambda: distilled,
            calibration=Calibration.from_tensors(tensors),
            source_platform=document["source_platform"],
            source_correlation=tensors["source_correlation"].item(),
        )

    def complete(self) -> None:
        """Train the network now."""
        self.distilled()
