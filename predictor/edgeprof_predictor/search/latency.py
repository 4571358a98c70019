"""The posterior of the candidates' latencies: predictions of profiles, updated by the measurements of a search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import SearchError
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, Prediction
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray

RELEARN_SHARE: Final = 8
"""The posterior is computed again once there is one new measurement for so many old ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLatency:
    """A measurement of one network on a device.

    Args:
        latency_ms: Milliseconds of one inference.
        relative_sd: Standard error of it, as a share; 0 where unknown.
        resolution_ms: Step of the clock: 1.0 for whole milliseconds, 0.0 for a fine one.
    """

    latency_ms: float
    relative_sd: float = 0.0
    resolution_ms: float = 0.0


class LatencyPosterior(ABC):
    """Latencies of architectures on the platform, or platforms, of a search."""

    @abstractmethod
    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies with 90 % intervals; those measured have the interval of their measurement.

        Shapes:
            choices: `n x l`.
        """

    @abstractmethod
    def is_measured(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Tell which of `n x l` architectures are measured wherever they have to run: `n`."""

    @abstractmethod
    def learn(self, choices: ChoiceArray, measured: Sequence[MeasuredLatency]) -> LatencyPosterior:
        """Return the posterior after these measurements."""


class PlatformPosterior(LatencyPosterior):
    """Latencies on one platform: an adapted predictor, conditioned on the measurements.

    Args:
        predictor: Of the platform, as its profile holds it.
    """

    def __init__(self, predictor: ProfilePredictor) -> None:
        self._adapted = predictor
        self._measured = Samples.none(predictor.space)
        self._number: dict[bytes, int] = {}
        self._cached = _CachedPredictor(predictor)

    @property
    def space(self) -> CategoricalSpace:
        """The search space."""
        return self._adapted.space

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies: measured where they are, predicted elsewhere."""
        predicted = self._cached.predict(choices)
        columns = [predicted.latency_ms.copy(), predicted.lower_ms.copy(), predicted.upper_ms.copy()]
        for index, number in self._found(choices):
            latency_ms = self._measured.latency_ms[number]
            reach = np.exp(INTERVAL_DEVIATIONS * self._measured.relative_sd[number])
            # A clock of whole milliseconds hides up to half of one.
            step = self._measured.resolution_ms / 2.0
            ends = (latency_ms, max(latency_ms / reach - step, 0.5 * latency_ms), latency_ms * reach + step)
            for column, value in zip(columns, ends, strict=True):
                column[index] = value
        latency, lower, upper = columns
        return Prediction(latency_ms=latency, lower_ms=lower, upper_ms=upper, is_relative=predicted.is_relative)

    def is_measured(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Tell which architectures are measured: `n`."""
        found = np.zeros(len(choices), dtype=np.bool_)
        found[[index for index, _ in self._found(choices)]] = True
        return found

    def learn(self, choices: ChoiceArray, measured: Sequence[MeasuredLatency]) -> PlatformPosterior:
        """Return the posterior after these measurements."""
        if not measured:
            return self
        more = Samples(
            choices=choices,
            latency_ms=np.array([one.latency_ms for one in measured]),
            relative_sd=np.array([one.relative_sd for one in measured]),
            resolution_ms=max(one.resolution_ms for one in measured),
        )
        after = PlatformPosterior(self._adapted)
        after._measured = self._measured.joined(more)
        after._number = {row.tobytes(): number for number, row in enumerate(after._measured.choices)}
        known_count = self._cached.predictor.samples.count
        new_count = self._adapted.samples.count + after._measured.count - known_count
        is_due = new_count * RELEARN_SHARE >= known_count - self._adapted.samples.count
        after._cached = _CachedPredictor(self._adapted.joined(after._measured)) if is_due else self._cached
        return after

    def _found(self, choices: ChoiceArray) -> list[tuple[int, int]]:
        rows = enumerate(np.ascontiguousarray(choices, dtype=CHOICE_TYPE))
        return [(index, self._number[row.tobytes()]) for index, row in rows if row.tobytes() in self._number]


class _CachedPredictor:
    """A predictor that keeps its last predictions: a search asks for the same candidates repeatedly."""

    def __init__(self, predictor: ProfilePredictor) -> None:
        self.predictor: Final = predictor
        self._last: tuple[ChoiceArray, Prediction] | None = None

    def predict(self, choices: ChoiceArray) -> Prediction:
        if self._last is None or self._last[0] is not choices:
            self._last = (choices, self.predictor.predict(choices))
        return self._last[1]


class JoinedPosterior(LatencyPosterior):
    """Latencies on several platforms as one.

    Args:
        posteriors: One a platform, the one that is measured first.
        weights: Share of each in the sum; None for the slowest of all.

    Raises:
        SearchError: If there are not as many weights as platforms, or one is not above 0.
    """

    def __init__(self, posteriors: Sequence[LatencyPosterior], weights: Sequence[float] | None = None) -> None:
        if weights is not None and (len(weights) != len(posteriors) or not all(weight > 0 for weight in weights)):
            raise SearchError(f"{len(posteriors)} profiles need as many weights above 0, got {tuple(weights)}")
        self._posteriors = tuple(posteriors)
        self._weights = None if weights is None else tuple(weights)

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return the slowest platform's latency, or the weighted sum; the ends are joined as the middles are.

        The interval is wide, since platforms may be slower than predicted for a common reason.
        """
        parts = [posterior.predict(choices) for posterior in self._posteriors]
        return Prediction(
            latency_ms=self._joined([part.latency_ms for part in parts]),
            lower_ms=self._joined([part.lower_ms for part in parts]),
            upper_ms=self._joined([part.upper_ms for part in parts]),
            is_relative=any(part.is_relative for part in parts),
        )

    def is_measured(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Tell which architectures are measured on every platform: `n`."""
        found: NDArray[np.bool_] = np.all([posterior.is_measured(choices) for posterior in self._posteriors], axis=0)
        return found

    def learn(self, choices: ChoiceArray, measured: Sequence[MeasuredLatency]) -> JoinedPosterior:
        """Return the posterior after these measurements of the first platform."""
        first, *others = self._posteriors
        return JoinedPosterior((first.learn(choices, measured), *others), self._weights)

    def _joined(self, columns: Sequence[FloatArray]) -> FloatArray:
        stacked = np.stack(columns)
        joined: FloatArray = stacked.max(axis=0) if self._weights is None else np.array(self._weights) @ stacked
        return joined


def probability_within(prediction: Prediction, limit_ms: float) -> FloatArray:
    """Return how likely each architecture keeps a limit: `n`, 0 or 1 where its interval has no width."""
    from scipy.special import ndtr

    log_sd = np.log(prediction.upper_ms / prediction.latency_ms) / INTERVAL_DEVIATIONS
    distance = np.log(limit_ms / prediction.latency_ms)
    certain = np.where(distance >= 0, np.inf, -np.inf)
    probability: FloatArray = ndtr(np.divide(distance, log_sd, out=certain, where=log_sd > 0))
    return probability
