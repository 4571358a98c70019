"""The procedure of a search: measure what may be best and may keep the limit, train what keeps it, learn, repeat."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import NothingKeepsLimitError, SearchError, TrainingError
from edgeprof_predictor.search.guides import Guide
from edgeprof_predictor.search.knowledge import FAILURE_COUNT, Knowledge
from edgeprof_predictor.search.latency import LatencyPosterior, MeasuredLatency
from edgeprof_predictor.search.pool import Pool
from edgeprof_predictor.search.result import Found, SearchResult, pareto_front
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.spaces import FloatArray

TrainFunction = Callable[[str], float]
"""Trains an architecture and returns its accuracy, larger being better; may raise."""

Meter = Callable[[str], "MeasuredLatency | str"]
"""Measures an architecture; returns the reason where the device cannot run it."""

MAX_BUDGET_COUNT: Final = 10_000_000
"""Networks that one search may train, measure or choose at once at most; the largest published table has half a
million."""

MIN_MEASURED_PROBABILITY: Final = 0.001
"""Smallest probability of keeping the limit at which a candidate is measured where none is likelier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a search may cost.

    Args:
        training_count: Networks to train, 0 to `MAX_BUDGET_COUNT`; 0 lets the accuracy predictor alone choose.
        measurement_count: Networks to measure, 0 to `MAX_BUDGET_COUNT`.
        batch_count: Networks that are chosen at once, 1 to `MAX_BUDGET_COUNT`.

    Raises:
        SearchError: If a count is no whole number, or lies outside its range.
    """

    training_count: int = 20
    measurement_count: int = 20
    batch_count: int = 1

    def __post_init__(self) -> None:
        for name, count, lowest in (
            ("networks to train", self.training_count, 0),
            ("networks to measure", self.measurement_count, 0),
            ("networks chosen at once", self.batch_count, 1),
        ):
            try:
                number = lowest - 1 if isinstance(count, bool) else operator.index(count)
            except TypeError:
                number = lowest - 1
            if not lowest <= number <= MAX_BUDGET_COUNT:
                raise SearchError(
                    f"the number of {name} must be a whole number of {lowest} to {MAX_BUDGET_COUNT}, got "
                    f"{str(count)[:40]}"
                )


class SearchListener:
    """Receives every step. All methods do nothing; override those of interest."""

    def on_resumed(self, training_count: int, measurement_count: int) -> None:
        """A search goes on with so much known."""

    def on_training(self, number: int, architecture: str) -> None:
        """A network is about to be trained."""

    def on_trained(self, number: int, found: Found) -> None:
        """A network was trained, and what it reached is on disk."""

    def on_measuring(self, number: int, found: Found) -> None:
        """A network is about to be measured."""

    def on_measured(self, number: int, found: Found) -> None:
        """A network was measured, and its latency is on disk."""


class Search:
    """One search in progress. `run` takes it to its end.

    Args:
        pool: The candidates.
        guide: Ranks the candidates.
        train_function: Trains.
        state: Keeps every result; those of an interrupted run are read from it.
        budget: Limits of all runs together.
        latency: Posterior of latencies; None for a search without a platform.
        limit_ms: The latency limit; None for none.
        meter: Measures; None where no device is in the loop.
        seed: Of random choices.
        listener: Told about every step.

    Raises:
        SearchError: If there is a limit or a device and nothing known of latencies, or the limit is not above 0.
    """

    def __init__(
        self,
        pool: Pool,
        guide: Guide,
        train_function: TrainFunction,
        state: SearchState,
        *,
        budget: Budget,
        latency: LatencyPosterior | None = None,
        limit_ms: float | None = None,
        meter: Meter | None = None,
        seed: int = 0,
        listener: SearchListener | None = None,
    ) -> None:
        if latency is None and (limit_ms is not None or meter is not None):
            raise SearchError("a latency limit or a device needs a profile: name one that `edgeprof onboard` made")
        if limit_ms is not None and not 0 < limit_ms < math.inf:
            raise SearchError(f"the latency limit must be above 0 ms, got {limit_ms:g} ms")
        self.knowledge: Final = Knowledge(pool, state, latency, limit_ms)
        self._guide = guide
        self._train_function = train_function
        self._state = state
        self._budget = budget
        self._meter = meter
        self._seed = seed
        self._listener = listener or SearchListener()

    def run(self) -> SearchResult:
        """Train and measure until the budget is spent or nothing is left.

        Raises:
            NothingKeepsLimitError: If no candidate is known to keep the limit.
            TrainingError: If a training fails for the first time; the same search tries it again, then leaves it out.
        """
        state = self._state
        if state.accuracies or state.measurement_count:
            self._listener.on_resumed(len(state.accuracies), state.measurement_count)
        self._guide.set_candidates(self.knowledge.pool.candidates)
        while len(state.accuracies) < self._budget.training_count:
            batch = self._unfinished() or self._choose_round()
            if not batch:
                break
            for architecture in batch:
                self._train(architecture)
        return self._conclude()

    def _unfinished(self) -> list[str]:
        """Return what is left of the last round where a run ended within it."""
        rounds = self._state.rounds
        return [text for text in rounds[-1] if self.knowledge.is_open(text)] if rounds else []

    def _choose_round(self) -> list[str]:
        round_number = len(self._state.rounds)
        if round_number and self.knowledge.grow(self._worth(), seed=self._seed + round_number):
            self._guide.set_candidates(self.knowledge.pool.candidates)
        wanted = min(self._budget.batch_count, self._budget.training_count - len(self._state.accuracies))
        chosen: list[int] = []
        while len(chosen) < wanted and (number := self._next_keeping(chosen)) is not None:
            chosen.append(number)
        architectures = [self.knowledge.pool.architectures[number] for number in chosen]
        if architectures:
            self._state.begin_round(architectures)
        return architectures

    def _next_keeping(self, taken: Sequence[int]) -> int | None:
        """Return the candidate worth most that is known to keep the limit; measure those of which it is not known."""
        while True:
            worth = self._worth()
            worth[list(taken)] = -np.inf
            number: int | None = int(np.argmax(worth))
            if worth[number] == -np.inf:
                number = self._likeliest()
            if number is None or self.knowledge.keeps()[number]:
                return number
            self._measure(number)

    def _worth(self) -> FloatArray:
        """Return what training each candidate is worth: `n`; minus infinity where it cannot come about."""
        keeping = self.knowledge.keeping() if self._may_measure() else self.knowledge.keeps().astype(np.float64)
        worth: FloatArray = self._guide.worth(self.knowledge.trained(), keeping, seed=self._seed).copy()
        worth[~self.knowledge.open() | (keeping == 0.0)] = -np.inf
        return worth

    def _likeliest(self) -> int | None:
        """Return what to measure while nothing is likely to keep the limit; None once something does."""
        if self._state.accuracies or self._measurements_left() <= 0:
            return None
        keeping = np.where(self.knowledge.open(), self.knowledge.keeping(), 0.0)
        number = int(np.argmax(keeping))
        return number if MIN_MEASURED_PROBABILITY < keeping[number] < 1.0 else None

    def _may_measure(self) -> bool:
        """Tell whether a measurement is left; the last one is kept to confirm the answer."""
        best = self._best()
        return self._measurements_left() > (best is None or not self._is_asked(best))

    def _measurements_left(self) -> int:
        return 0 if self._meter is None else self._budget.measurement_count - self._state.measurement_count

    def _is_asked(self, found: Found) -> bool:
        """Tell whether the device has been asked about a network, or need not be."""
        return found.is_measured or found.architecture in self._state.latencies

    def _train(self, architecture: str) -> None:
        number = len(self._state.accuracies) + 1
        self._listener.on_training(number, architecture)
        try:
            accuracy = float(self._train_function(architecture))
            if not math.isfinite(accuracy):
                raise ValueError(f"its accuracy is {accuracy}")
        except Exception as error:  # the caller's own function may raise anything
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            self._state.add_failure(architecture, reason)
            if len(self._state.failures[architecture]) < FAILURE_COUNT:
                raise TrainingError(
                    f"training {architecture} failed with {reason}; what was trained before is kept, and the same "
                    f"search tries this network once more, then goes on without it"
                ) from error
            return
        self._state.add_accuracy(architecture, accuracy)
        self._listener.on_trained(number, self._found(architecture))

    def _measure(self, number: int) -> None:
        assert self._meter is not None
        architecture = self.knowledge.pool.architectures[number]
        count = self._state.measurement_count + 1
        self._listener.on_measuring(count, self.knowledge.found(number))
        measured = self._meter(architecture)
        if isinstance(measured, str):
            self._state.add_refusal(architecture, measured)
            return
        self._state.add_latency(architecture, measured)
        self.knowledge.learn(architecture, measured)
        self._listener.on_measured(count, self.knowledge.found(number))

    def _found(self, architecture: str) -> Found:
        number = self.knowledge.pool.index(architecture)
        assert number is not None
        return self.knowledge.found(number)

    def _trained(self) -> list[Found]:
        return [self.knowledge.found(int(number)) for number in self.knowledge.trained().indices]

    def _best(self) -> Found | None:
        """Return the most accurate trained network that is known to keep the limit."""
        refusals = self._state.refusals
        keeping = [found for found in self._trained() if found.keeps_limit and found.architecture not in refusals]
        return max(keeping, key=lambda found: found.accuracy or -math.inf, default=None)

    def _conclude(self) -> SearchResult:
        chosen = self._confirmed()
        if chosen is None:
            raise NothingKeepsLimitError(self._nothing_keeps())
        trained = self._trained()
        failures = self._state.failures
        return SearchResult(
            chosen=chosen,
            front=pareto_front(trained),
            trained=tuple(trained),
            limit_ms=self.knowledge.limit_ms,
            measurement_count=self._state.measurement_count,
            failures={text: reasons[-1] for text, reasons in failures.items()},
            refusals=dict(self._state.refusals),
            warning=self._guide.warning(self.knowledge.trained()),
        )

    def _confirmed(self) -> Found | None:
        """Return the answer, measured where a device is in the loop and a measurement is left."""
        while True:
            answer = self._best() if self._budget.training_count else self._untrained_answer()
            if answer is None or self._is_asked(answer) or self._measurements_left() <= 0:
                return answer
            number = self.knowledge.pool.index(answer.architecture)
            assert number is not None
            self._measure(number)

    def _untrained_answer(self) -> Found | None:
        number = self._next_keeping(())
        return None if number is None else self.knowledge.found(number)

    def _nothing_keeps(self) -> str:
        fastest, limit_ms = self.knowledge.fastest(), self.knowledge.limit_ms
        if fastest is None or limit_ms is None:
            return "no network could be trained; see the failures above and correct the training function"
        how = "measured" if fastest.is_measured else "predicted"
        among = f"the {len(self._state.accuracies)} networks trained" if self._state.accuracies else "all candidates"
        interval = f"{fastest.latency_ms:.3g} ms ({fastest.lower_ms:.3g} to {fastest.upper_ms:.3g} ms)"
        return (
            f"none of {among} is known to keep {limit_ms:.4g} ms: the fastest known is {fastest.architecture}, "
            f"{how} at {interval}; allow more latency, or more trainings and measurements"
        )
