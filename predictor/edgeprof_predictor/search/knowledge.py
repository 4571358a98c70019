"""What a search knows of its candidates: results so far and predicted latencies, one value a candidate."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.task import Trained
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.search.latency import LatencyPosterior, MeasuredLatency, probability_within
from edgeprof_predictor.search.pool import Pool
from edgeprof_predictor.search.result import Found
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.spaces import FloatArray

FAILURE_COUNT: Final = 2
"""Failed trainings after which a network is left out: the first may have been the machine's fault."""


class Knowledge:
    """Results of the state and the posterior of latencies, as arrays over the pool.

    Letters: `n` candidates.

    Args:
        pool: The candidates.
        state: Results so far; the posterior is conditioned on its measurements.
        latency: Posterior without these measurements; None for a search without a platform.
        limit_ms: The latency limit; None for none.
    """

    def __init__(
        self, pool: Pool, state: SearchState, latency: LatencyPosterior | None, limit_ms: float | None
    ) -> None:
        self.pool: Final = pool
        self.state: Final = state
        self.limit_ms: Final = limit_ms
        self._latency = latency
        self._prediction: Prediction | None = None
        self._is_measured: NDArray[np.bool_] | None = None
        for text, measured in state.latencies.items():
            self.learn(text, measured)

    def grow(self, worth: FloatArray, *, seed: int) -> bool:
        """Let the pool grow; False where it did not."""
        has_grown = self.pool.grow(worth, seed=seed)
        if has_grown:
            self._prediction = self._is_measured = None
        return has_grown

    def learn(self, architecture: str, measured: MeasuredLatency) -> None:
        """Learn from a measurement, in the order in which they were made."""
        if self._latency is None:
            return
        choices = self.pool.space.choices([self.pool.space.parse(architecture)])
        self._latency = self._latency.learn(choices, [measured])
        self._prediction = self._is_measured = None

    def is_open(self, architecture: str) -> bool:
        """Tell whether an architecture can still be trained."""
        is_given_up = len(self.state.failures.get(architecture, [])) >= FAILURE_COUNT
        return not is_given_up and architecture not in self.state.accuracies and architecture not in self.state.refusals

    def open(self) -> NDArray[np.bool_]:
        """Tell which candidates can still be trained: `n`."""
        closed = [
            text
            for text in (*self.state.accuracies, *self.state.refusals, *self.state.failures)
            if not self.is_open(text)
        ]
        mask = np.ones(self.pool.count, dtype=np.bool_)
        mask[[number for text in closed if (number := self.pool.index(text)) is not None]] = False
        return mask

    def trained(self) -> Trained:
        """Return the candidates that are trained, and what they reached."""
        pairs = [(self.pool.index(text), accuracy) for text, accuracy in self.state.accuracies.items()]
        found = [(number, accuracy) for number, accuracy in pairs if number is not None]
        return Trained(
            indices=np.array([number for number, _ in found], dtype=np.int64),
            accuracy=np.array([accuracy for _, accuracy in found], dtype=np.float64),
        )

    def prediction(self) -> Prediction | None:
        """Return the latencies of all candidates; None where nothing is known of them."""
        if self._prediction is None and self._latency is not None:
            self._prediction = self._latency.predict(self.pool.candidates.choices)
        return self._prediction

    def is_measured(self) -> NDArray[np.bool_]:
        """Tell which candidates are measured: `n`."""
        if self._latency is None:
            return np.zeros(self.pool.count, dtype=np.bool_)
        if self._is_measured is None:
            self._is_measured = self._latency.is_measured(self.pool.candidates.choices)
        return self._is_measured

    def keeps(self) -> NDArray[np.bool_]:
        """Tell which candidates are known to keep the limit, by the upper end of their interval: `n`."""
        prediction = self.prediction()
        if self.limit_ms is None or prediction is None:
            return np.ones(self.pool.count, dtype=np.bool_)
        within: NDArray[np.bool_] = prediction.upper_ms <= self.limit_ms
        return within

    def keeping(self) -> FloatArray:
        """Return how likely each candidate turns out to keep the limit: `n`; what is measured is decided."""
        prediction, keeps = self.prediction(), self.keeps()
        if self.limit_ms is None or prediction is None:
            return np.ones(self.pool.count)
        chance = probability_within(prediction, self.limit_ms)
        # On several platforms one may be measured and others not: nothing more will be known of them.
        asked = [number for text in self.state.latencies if (number := self.pool.index(text)) is not None]
        chance[asked] = 0.0
        return np.where(keeps, 1.0, np.where(self.is_measured(), 0.0, chance))

    def found(self, number: int) -> Found:
        """Return what is known of one candidate."""
        text = self.pool.architectures[number]
        prediction = self.prediction()
        ends = (None, None, None)
        if prediction is not None:
            columns = (prediction.latency_ms, prediction.lower_ms, prediction.upper_ms)
            ends = tuple(float(column[number]) for column in columns)  # type: ignore[assignment]
        latency_ms, lower_ms, upper_ms = ends
        return Found(
            architecture=text,
            accuracy=self.state.accuracies.get(text),
            latency_ms=latency_ms,
            lower_ms=lower_ms,
            upper_ms=upper_ms,
            is_measured=bool(self.is_measured()[number]),
            keeps_limit=bool(self.keeps()[number]),
        )

    def fastest(self) -> Found | None:
        """Return the fastest candidate by what is known; None where nothing is."""
        prediction = self.prediction()
        if prediction is None:
            return None
        # What the device could not run is no answer, however fast it is thought to be.
        refused = [number for text in self.state.refusals if (number := self.pool.index(text)) is not None]
        latency_ms = prediction.latency_ms.copy()
        latency_ms[refused] = np.inf
        return self.found(int(np.argmin(latency_ms)))
