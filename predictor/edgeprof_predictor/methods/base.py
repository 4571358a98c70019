"""The interface of all latency predictors: fit on sources, choose samples, adapt, predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

INTERVAL_SHARE: Final = 0.9
"""Share of latencies that intervals should hold."""

INTERVAL_DEVIATIONS: Final = 1.645
"""Standard deviations from the middle of a normal distribution that hold that share."""

CHUNK_LENGTH: Final = 1024
"""Architectures predicted at once, so that their encodings stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """Latencies of `n` architectures on one platform, with 90 % intervals.

    Args:
        latency_ms: What is expected.
        lower_ms: Lower end of the interval.
        upper_ms: Upper end.
        is_relative: True while the platform has no sample: the values then rank architectures
            and mean multiples of the search space's average, not milliseconds.

    Shapes:
        latency_ms, lower_ms, upper_ms: `n`, positive.

    Raises:
        EncodingError: If shapes differ, or the ends do not enclose the latency.
    """

    latency_ms: FloatArray
    lower_ms: FloatArray
    upper_ms: FloatArray
    is_relative: bool = False

    def __post_init__(self) -> None:
        if not self.latency_ms.shape == self.lower_ms.shape == self.upper_ms.shape:
            raise EncodingError(
                f"latencies and intervals must have one shape, got {self.latency_ms.shape}, "
                f"{self.lower_ms.shape}, {self.upper_ms.shape}"
            )
        if not np.all((self.lower_ms > 0) & (self.lower_ms <= self.latency_ms) & (self.latency_ms <= self.upper_ms)):
            raise EncodingError("intervals must be positive and enclose the latency")

    @property
    def log_sd(self) -> FloatArray:
        """Standard deviation of log latency, as the intervals have it: `n`."""
        log_sd: FloatArray = np.log(self.upper_ms / self.lower_ms) / (2.0 * INTERVAL_DEVIATIONS)
        return log_sd

    @classmethod
    def lognormal(cls, latency_ms: FloatArray, log_sd: FloatArray, *, is_relative: bool) -> Prediction:
        """Return predictions whose logarithm has this standard deviation: `n` each."""
        reach = np.exp(INTERVAL_DEVIATIONS * log_sd)
        return cls(
            latency_ms=latency_ms, lower_ms=latency_ms / reach, upper_ms=latency_ms * reach, is_relative=is_relative
        )


def predict_in_chunks(
    log_latency: Callable[[ChoiceArray], tuple[FloatArray, FloatArray]], choices: ChoiceArray, *, is_relative: bool
) -> Prediction:
    """Return the predictions of many architectures.

    Args:
        log_latency: Returns mean and standard deviation of log latency of some architectures: `n` each.
        choices: All of them: `n x l`.
        is_relative: Whether they are multiples of the search space's average.
    """
    starts = range(0, max(len(choices), 1), CHUNK_LENGTH)
    chunks = [log_latency(choices[start : start + CHUNK_LENGTH]) for start in starts]
    mean, sd = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    return Prediction.lognormal(np.exp(mean), sd, is_relative=is_relative)


class PlatformPredictor(ABC):
    """A method adapted to one platform.

    Letters: `n` architectures, `l` decisions of the search space.
    """

    has_sources: bool = True
    """Whether anything was learnt from other platforms."""

    source_platform: str | None = None
    """The source whose embedding row the platform's started from."""

    source_correlation: float = float("nan")
    """Its correlation with the platform on the samples."""

    checked_count: int = 0
    """Samples whose errors `expected_error` was estimated from; its interval follows from their number."""

    @abstractmethod
    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies with intervals.

        Shapes:
            choices: `n x l`.
        """

    @property
    @abstractmethod
    def expected_error(self) -> float:
        """Median relative error to expect for an architecture that was not measured."""

    @property
    def expectation(self) -> ExpectedError:
        """The expected error with its interval."""
        return ExpectedError.of_samples(self.expected_error, self.checked_count)

    @abstractmethod
    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the error to expect after so many further samples, the best ones.

        Args:
            candidates: Architectures to choose from: `n x l`.
            count: Further samples.
        """


class FittedMethod(ABC):
    """A way to predict latencies of one search space, ready to be adapted to a platform."""

    space: CategoricalSpace
    platforms: tuple[str, ...]

    @abstractmethod
    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return indices of candidates to measure next, most informative first.

        Args:
            candidates: Architectures to choose from.
            count: How many.
            measured: What is measured already; methods may use it.
            seed: Of random choices.

        Shapes:
            candidates: `n x l`.  returns: `count`, distinct.

        Raises:
            SampleCountError: If there are fewer candidates than asked for.
        """

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once, `sample_count` being measured and `wanted_count` wanted.

        All that are missing, unless a method learns from each how to choose the next.
        """
        return wanted_count - sample_count

    @abstractmethod
    def adapt(self, samples: Samples, *, seed: int) -> PlatformPredictor:
        """Return a predictor for the platform that was measured; no sample at all is allowed."""


class Method(FittedMethod):
    """A way to predict latencies, fitted on the source platforms of one search space."""

    name: ClassVar[str]
    """Name on the command line and in tables."""

    sampler_name: ClassVar[str] = "random"
    """Name of the sampler by which the method chooses its samples itself, one of `sampler_registry.SAMPLER_NAMES`."""

    needs_costs: ClassVar[bool] = False
    """Whether it works only on a search space that knows the costs of its architectures."""

    learns_from_sources: ClassVar[bool] = True
    """Whether fitting it needs latencies of source platforms; False where it is fitted already."""

    @classmethod
    @abstractmethod
    def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Method:
        """Learn from the source platforms.

        Args:
            space: Search space of the table.
            sources: Their latencies.
            seed: The same seed gives the same method on the same machine.
        """

    def trained(self) -> dict[str, NDArray[np.generic]]:
        """Return what long training on the sources has given, to be saved; nothing where a fit takes no time."""
        return {}

    @classmethod
    def restored(
        cls, space: CategoricalSpace, sources: LatencyTable, trained: Mapping[str, NDArray[np.generic]], *, seed: int
    ) -> Method:
        """Return the method that was fitted to these sources with this seed.

        Args:
            space: Search space of the table.
            sources: Their latencies.
            trained: What `trained` returned.
            seed: Of the fit.
        """
        return cls.fit_sources(space, sources, seed=seed)
