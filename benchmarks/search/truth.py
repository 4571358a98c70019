"""Published latencies of one platform, as a search may know them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.search.latency import LatencyPosterior, MeasuredLatency
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


class KnownLatency(LatencyPosterior):
    """All latencies of the table, known beforehand: what a search under a limit is compared with."""

    def __init__(self, table: TruthTable) -> None:
        self._table = table

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return the published latencies, with intervals of width 0."""
        latency_ms = self._table.of(choices)
        return Prediction(latency_ms=latency_ms, lower_ms=latency_ms, upper_ms=latency_ms)

    def is_measured(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Return True for all."""
        return np.ones(len(choices), dtype=np.bool_)

    def learn(self, choices: ChoiceArray, measured: Sequence[MeasuredLatency]) -> KnownLatency:
        """Return itself."""
        return self


class TruthTable:
    """Published latencies of one platform, by architecture."""

    def __init__(self, choices: ChoiceArray, latency_ms: FloatArray) -> None:
        self._latency_ms = dict(zip((row.tobytes() for row in choices), latency_ms.tolist(), strict=True))

    def of(self, choices: ChoiceArray) -> FloatArray:
        """Return the latencies of `n x l` architectures."""
        return np.array([self._latency_ms[row.tobytes()] for row in np.ascontiguousarray(choices)])
