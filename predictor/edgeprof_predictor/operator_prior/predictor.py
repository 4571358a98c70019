"""Predictions for one platform from latencies that its operators tell, and what is saved of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Prediction, predict_in_chunks
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS, ExpectedError
from edgeprof_predictor.methods.onboarding_method import OPERATORS, ProfilePredictor
from edgeprof_predictor.operator_prior.log_process import Describer, LogProcess, Ranges
from edgeprof_predictor.operator_prior.space_totals import Level, less_the_level
from edgeprof_predictor.samplers.variance_design import choose_by_variance
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray

CARRIED: Final[Ranges] = {
    "level": (1.0, 1.0),
    "totals": (0.03, 1.5),
    "stages": (0.01, 1.0),
    "operations": (0.01, 1.0),
    "smooth": (0.01, 0.5),
    "choices": (0.01, 0.5),
    "noise": (0.002, 0.03),
}
"""Of the logs of latencies by operators, which are carried from some networks to all others."""

LEFT: Final[Ranges] = {
    "level": (0.02, 0.02),
    "totals": (0.003, 0.03),
    "stages": (0.003, 0.03),
    "operations": (0.003, 0.03),
    "smooth": (0.003, 0.02),
    "choices": (0.003, 0.03),
    "noise": (0.008, 0.03),
}
"""Of what the operators do not tell of measured networks."""

LEFT_BY_LATENCIES: Final[Ranges] = {name: (low / 2, high / 2) for name, (low, high) in LEFT.items()} | {
    "noise": (0.02, 0.1)
}
"""The same where latencies alone are known, which say less surely what is left. With `LEFT` the error after one and
five networks of NAS-Bench-201 on LiteRT is 4.7 and 3.5 % in place of 4.0 and 2.9 %, after three and ten the same."""

PRIOR_SCALE: Final = 0.9
"""Root mean square of the z-scores of samples that are predicted from the others, on settings measured before."""

PRIOR_SAMPLES: Final = 4.0
"""Samples that it is worth."""

SCALES: Final = (0.1, 100.0)
"""Least and largest factor of the standard deviations of the rest."""

SCALE_STEPS: Final = 40
"""Halvings of that range, in logs."""

EXPECTED_COUNT: Final = 300
"""Architectures over which the expected error is the median."""

EXPECTED_LOG_SD: Final = 0.3
"""How far the measured error lies from the expected one, in logs: platforms differ in what operators do not tell."""

CANDIDATE_COUNT: Final = 200
"""Candidates over which the effect of further samples is estimated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatorLatencies:
    """What the operators of a device tell of a search space.

    Args:
        choices: Architectures whose operators are known.
        log_ms: Log of their latency by their operators, in milliseconds, the level included.
        alone: Of each sample, log of measured over predicted latency by the device's operators alone.
        left_out: The same by the level and the operators of the other samples too.
        level: Of the space, given the samples.
        is_by_latencies: Whether the engine tells no times of operators.

    Shapes:
        choices: `n x l`.  log_ms: `n`.  alone, left_out: `k`.
    """

    choices: ChoiceArray
    log_ms: FloatArray
    alone: FloatArray
    left_out: FloatArray
    level: Level
    is_by_latencies: bool = False


@dataclass(kw_only=True, eq=False, repr=False)
class OperatorPriorPredictor(ProfilePredictor):
    """Predictions for one platform.

    Args:
        describer: Of the search space.
        latencies: What the operators tell, given the samples.
        known_samples: What was measured.
    """

    estimates_gain = True
    interval_origin: ClassVar[str] = "the variance of the process on what the operators do not tell"

    describer: Describer
    latencies: OperatorLatencies
    known_samples: Samples

    def __post_init__(self) -> None:
        self._centre = float(self.latencies.log_ms.mean())
        described = self.describer(self.latencies.choices)
        self._carried = LogProcess(described, self.latencies.log_ms - self._centre, CARRIED, seed=0)
        samples = self.known_samples
        self._own_noise = samples.relative_sd**2 + (samples.resolution_ms / samples.latency_ms) ** 2 / 12.0
        ranges = LEFT_BY_LATENCIES if self.latencies.is_by_latencies else LEFT
        self._left = LogProcess(
            self.describer(samples.choices), self.latencies.left_out, ranges, noise_variances=self._own_noise, seed=0
        )

    @property
    def space(self) -> CategoricalSpace:
        """The search space."""
        return self.describer.feature_map.space

    @property
    def samples(self) -> Samples:
        """What was measured."""
        return self.known_samples

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies: those that the operators tell, and what the samples say beyond."""
        return predict_in_chunks(self._log_ms, choices, is_relative=False)

    def _log_ms(self, choices: ChoiceArray) -> tuple[FloatArray, FloatArray]:
        described = self.describer(choices)
        carried, of_carried = self._carried.predict(described)
        left, of_left = self._left.predict(described)
        noise = self._left.noise_variance + self.latencies.level.sd**2
        return self._centre + carried + left, np.sqrt(of_carried + self._scale**2 * (of_left + noise))

    @cached_property
    def _scale(self) -> float:
        """Factor of the standard deviations of the rest, by samples that are predicted from the others.

        It is the one with which their errors are as large as expected. The samples' own noise keeps its size: where it
        is large, errors that exceed it are errors of the rest.
        """
        errors, variances = self._left.left_out()
        rest = variances - self._own_noise + self.latencies.level.sd**2
        low, high = SCALES  # bisection: scipy.optimize takes half a second to import
        for _ in range(SCALE_STEPS):
            scale = math.sqrt(low * high)
            squares = PRIOR_SAMPLES * (PRIOR_SCALE / scale) ** 2
            squares += float((errors**2 / (scale**2 * rest + self._own_noise)).sum())
            low, high = (scale, high) if squares > PRIOR_SAMPLES + len(errors) else (low, scale)
        return math.sqrt(low * high)

    @cached_property
    def _expected_sd(self) -> float:
        feature_map = self.describer.feature_map
        sample = feature_map.space_sample_choices[feature_map.space_sample.is_connected][:EXPECTED_COUNT]
        return float(np.median(self._log_ms(sample)[1]))

    @property
    def expected_error(self) -> float:
        """Median relative error to expect over the search space."""
        return MEDIAN_DEVIATIONS * self._expected_sd

    @property
    def expectation(self) -> ExpectedError:
        """The expected error and how sure it is."""
        return ExpectedError.of_log_sds(self.expected_error, EXPECTED_LOG_SD, EXPECTED_LOG_SD)

    @property
    def contributions(self) -> dict[str, float]:
        """Median relative error of the samples by each of what predicts, and all before it; nothing below two samples.

        From the level on, each sample is predicted without itself.
        """
        if self.known_samples.count < 2:
            return {}
        alone, left_out = self.latencies.alone, self.latencies.left_out
        errors = {
            "operators of the device": alone,
            "level of the space": less_the_level(alone),
            "operators of the samples": left_out,
            "process on the rest": self._left.left_out()[0],
        }
        return {name: float(np.median(np.abs(np.expm1(-error)))) for name, error in errors.items()}

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the error to expect after the best next samples."""
        described = self.describer(candidates[:CANDIDATE_COUNT])
        covariance = self._left.covariance(described)
        noise = np.full((1, len(described)), self._left.noise_variance)
        _, remaining = choose_by_variance(covariance[None], noise, min(count, len(described)))
        lowered = float(np.mean(np.diagonal(covariance) - np.diagonal(remaining[0])))
        return MEDIAN_DEVIATIONS * math.sqrt(max(self._expected_sd**2 - self._scale**2 * lowered, 0.0))

    def joined(self, samples: Samples) -> OperatorPriorPredictor:
        """Return the predictor after more samples, whose operators are not known."""
        carried, _ = self._carried.predict(self.describer(samples.choices))
        errors = np.log(samples.latency_ms) - self._centre - carried
        latencies = replace(
            self.latencies,
            alone=np.concatenate([self.latencies.alone, errors + self.latencies.level.mean]),
            left_out=np.concatenate([self.latencies.left_out, errors]),
        )
        return replace(self, latencies=latencies, known_samples=self.known_samples.joined(samples))

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays to save."""
        return {
            **self.known_samples.tensors(),
            "space_sample": self.describer.feature_map.space_sample_choices,
            "operators.choices": self.latencies.choices,
            "operators.log_ms": self.latencies.log_ms,
            "operators.alone": self.latencies.alone,
            "operators.left_out": self.latencies.left_out,
            "operators.level": np.array([self.latencies.level.mean, self.latencies.level.sd]),
            "operators.is_by_latencies": np.array([self.latencies.is_by_latencies]),
        }

    def document(self) -> dict[str, Any]:
        """Return the name of the method."""
        return {"method": OPERATORS}

    @classmethod
    def restored(cls, space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]]) -> OperatorPriorPredictor:
        """Return what `tensors` was saved from.

        Args:
            space: The search space.
            tensors: The arrays.
        """
        mean, sd = tensors["operators.level"].astype(np.float64).tolist()
        return cls(
            describer=Describer(FeatureMap(space, tensors["space_sample"].astype(CHOICE_TYPE))),
            latencies=OperatorLatencies(
                choices=tensors["operators.choices"].astype(CHOICE_TYPE),
                log_ms=tensors["operators.log_ms"].astype(np.float64),
                alone=tensors["operators.alone"].astype(np.float64),
                left_out=tensors["operators.left_out"].astype(np.float64),
                level=Level(mean=mean, sd=sd),
                # Before there was this array, none was.
                is_by_latencies=bool(tensors.get("operators.is_by_latencies", np.zeros(1)).any()),
            ),
            known_samples=Samples.from_tensors(tensors),
        )
