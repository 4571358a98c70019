"""The results of a search, written to disk one by one: what was trained, what failed, what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from edgeprof_predictor.runs.journal import Journal, Row
from edgeprof_predictor.search.latency import MeasuredLatency
from edgeprof_predictor.spaces import FloatArray

_CANDIDATES, _ROUND, _TRAINED, _FAILED, _MEASURED, _REFUSED = (
    *("candidates", "round", "trained", "failed", "measured", "refused"),
)
"""First words of the names of journal units; architectures or numbers follow."""


class SearchState:
    """Results in their order, read again by the search that goes on.

    They do not depend on code, latency limit and budgets: a search may go on with others.

    Args:
        path: File of the journal; None to keep the facts in memory alone.
        inputs: What the facts depend on: space, accuracy, candidates, platforms, seed.

    Raises:
        JournalError: If the file cannot be read or written, or belongs to another search.
    """

    def __init__(self, path: Path | None, inputs: Mapping[str, str]) -> None:
        self.path: Final = path
        self.accuracies: Final[dict[str, float]] = {}
        """What each network reached, in the order of training."""
        self.latencies: Final[dict[str, MeasuredLatency]] = {}
        """What was measured, in that order."""
        self.refusals: Final[dict[str, str]] = {}
        """Networks that the device could not run, each with its reason."""
        self.failures: Final[dict[str, list[str]]] = {}
        """Reasons for each failed training, by network."""
        self.rounds: Final[list[list[str]]] = []
        """What each round decided to train."""
        self.candidates: Final[list[tuple[list[str], FloatArray]]] = []
        """Architectures and proxy scores as they came in, draw by draw."""
        self._journal = None if path is None else Journal(path, inputs, depends_on_code=False)
        for name, rows in self._journal.finished.items() if self._journal else ():
            self._take(name, rows)

    @property
    def measurement_count(self) -> int:
        """Measurements asked for, those refused included."""
        return len(self.latencies) + len(self.refusals)

    def add_candidates(self, architectures: Sequence[str], scores: FloatArray) -> None:
        """Write down candidates that were drawn, with their proxy scores."""
        known = [[value if np.isfinite(value) else None for value in row] for row in scores.tolist()]
        rows: list[Row] = [
            {"architecture": text, "scores": row} for text, row in zip(architectures, known, strict=True)
        ]
        self._add(f"{_CANDIDATES} {len(self.candidates)}", rows)

    def begin_round(self, architectures: Sequence[str]) -> None:
        """Write down what is to be trained next."""
        self._add(f"{_ROUND} {len(self.rounds)}", [{"architecture": text} for text in architectures])

    def add_accuracy(self, architecture: str, accuracy: float) -> None:
        """Write down what a network reached."""
        self._add(f"{_TRAINED} {architecture}", [{"accuracy": accuracy}])

    def add_failure(self, architecture: str, reason: str) -> None:
        """Write down that a training failed, once more or for the first time."""
        earlier: list[Row] = [{"reason": text} for text in self.failures.get(architecture, [])]
        self._add(f"{_FAILED} {architecture}", [*earlier, {"reason": reason}])

    def add_latency(self, architecture: str, measured: MeasuredLatency) -> None:
        """Write down a measurement of a network."""
        fields = ("latency_ms", "relative_sd", "resolution_ms")
        self._add(f"{_MEASURED} {architecture}", [{name: getattr(measured, name) for name in fields}])

    def add_refusal(self, architecture: str, reason: str) -> None:
        """Write down that the device could not run a network."""
        self._add(f"{_REFUSED} {architecture}", [{"reason": reason}])

    def _add(self, name: str, rows: list[Row]) -> None:
        if self._journal is not None:
            self._journal.add(name, rows)
        self._take(name, rows)

    def _take(self, name: str, rows: list[Row]) -> None:
        """Sort a fact in."""
        kind, _, subject = name.partition(" ")
        if kind == _CANDIDATES:
            scores = np.array([row["scores"] for row in rows], dtype=np.float64)
            self.candidates.append(([row["architecture"] for row in rows], scores))
        elif kind == _ROUND:
            self.rounds.append([row["architecture"] for row in rows])
        elif kind == _TRAINED:
            self.accuracies[subject] = rows[0]["accuracy"]
        elif kind == _FAILED:
            self.failures[subject] = [row["reason"] for row in rows]
        elif kind == _MEASURED:
            self.latencies[subject] = MeasuredLatency(**rows[0])
        else:
            self.refusals[subject] = rows[0]["reason"]
