"""Our accuracy predictor: one prior from all source tasks, a few networks chosen to be trained, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPrediction, AccuracyPredictor, SourceUse
from edgeprof_predictor.accuracy.beliefs import BELIEFS, Beliefs
from edgeprof_predictor.accuracy.design import choose_informative
from edgeprof_predictor.accuracy.exact import ExactSourcePosterior
from edgeprof_predictor.accuracy.features import normal_ranks, read_features
from edgeprof_predictor.accuracy.induced import InducedSourcePosterior
from edgeprof_predictor.accuracy.mixture import Mixture
from edgeprof_predictor.accuracy.ordering import to_accuracy
from edgeprof_predictor.accuracy.target import SourcePosterior
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS

SOURCE_NETWORK_COUNT: Final = 800
"""Networks of each source that are used: as many as a public table has. Only those of the target's own space cost time,
with the third power of their number."""

TELLING_COUNT: Final = 5
"""Different accuracies of trained networks needed for a warning that the task is unlike the sources."""

MIN_PRIOR_CORRELATION: Final = 0.0
"""Rank correlation of expected and measured accuracies below which a task counts as unlike the sources. On the tasks of
NAS-Bench-Suite-Zero, seen from other spaces, it lies between .26 and .85 with ten networks chosen and trained."""


class DefaultAccuracy(AccuracyMethod):
    """A Gaussian process over tasks: weights of proxies that all share, and what the tasks of a space share.

    Args:
        proxies: Those that the kernel reads.
        sources: What the source tasks say.
    """

    name: ClassVar[str] = "default"
    encoding: ClassVar[str] = "zcpvec"
    source_use: ClassVar[SourceUse] = "all"

    def __init__(self, proxies: tuple[str, ...], sources: SourcePosterior) -> None:
        self.proxies: Final = proxies
        self.sources: Final = sources

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int, beliefs: Beliefs = BELIEFS) -> DefaultAccuracy:
        """Learn from the sources.

        Args:
            sources: At least one.
            seed: Draws the networks of large sources.
            beliefs: Constants of the method.

        Raises:
            TableError: If there is no source.
        """
        if not sources:
            raise TableError("the default accuracy predictor learns from source tasks, and there is none; name one")
        proxies = tuple(sorted({proxy for source in sources for proxy in source.candidates.proxies}))
        generator = np.random.default_rng(seed)
        features, accuracies = [], []
        for source in sources:
            kept = generator.permutation(source.candidates.count)[:SOURCE_NETWORK_COUNT]
            # Ranked among all of its task, then thinned out.
            features.append(read_features(source.candidates, proxies, task=source.name).subset(kept))
            accuracies.append(normal_ranks(source.accuracy)[kept])
        return cls(proxies, ExactSourcePosterior(beliefs, features, accuracies))

    def condensed(self, option_counts: Mapping[str, Sequence[int]], *, seed: int) -> DefaultAccuracy:
        """Return a sparse approximation without the data of the sources, for a bundle.

        Args:
            option_counts: Options of each decision, by the name of each search space that the sources are of.
            seed: Draws the inducing points.
        """
        assert isinstance(self.sources, ExactSourcePosterior), "a bundle is condensed already"
        return DefaultAccuracy(
            self.proxies, InducedSourcePosterior.of(self.sources, option_counts=option_counts, seed=seed)
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save of a condensed predictor."""
        assert isinstance(self.sources, InducedSourcePosterior), "only a condensed predictor is saved"
        return self.sources.tensors()

    @classmethod
    def from_tensors(cls, proxies: Sequence[str], tensors: Mapping[str, NDArray[np.generic]]) -> DefaultAccuracy:
        """Return what `tensors` was saved from."""
        return cls(tuple(proxies), InducedSourcePosterior.from_tensors(tensors))

    def predictor_for(self, candidates: Candidates) -> DefaultAccuracyPredictor:
        """Return the predictor for a task on these candidates."""
        target = read_features(candidates, self.proxies)
        known = set(candidates.proxies) & set(self.proxies)
        mixture = Mixture(self.sources.at(target))
        factor = self.sources.beliefs.interval_factor
        return DefaultAccuracyPredictor(mixture, interval_factor=factor, has_known_proxies=bool(known))


class DefaultAccuracyPredictor(AccuracyPredictor):
    """The default method on the candidates of one target.

    Args:
        mixture: Posteriors of their accuracies.
        interval_factor: On the deviations of an interval.
        has_known_proxies: Whether the candidates have any proxy that the sources have.
    """

    def __init__(self, mixture: Mixture, *, interval_factor: float, has_known_proxies: bool) -> None:
        self._mixture = mixture
        self._interval_factor = interval_factor
        self._has_known_proxies = has_known_proxies

    def with_interval_factor(self, factor: float) -> DefaultAccuracyPredictor:
        """Return the same predictor with another factor on the deviations of an interval."""
        return DefaultAccuracyPredictor(
            self._mixture, interval_factor=factor, has_known_proxies=self._has_known_proxies
        )

    def choose(self, count: int, *, trained: Trained, seed: int) -> NDArray[np.int64]:
        """Return the candidates that lower the variance of all others most."""
        return choose_informative(self._mixture, count, trained=trained, seed=seed)

    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        """Return accuracies of all candidates; while fewer than two levels are known, values that only rank."""
        is_relative = len(np.unique(trained.accuracy)) < 2
        found = self._mixture.predict(Trained.none() if is_relative else trained)
        reach = self._interval_factor * INTERVAL_DEVIATIONS * found.sd
        middle, lower, upper = (
            part if is_relative else to_accuracy(part, found.latent, trained.accuracy)
            for part in (found.mean, found.mean - reach, found.mean + reach)
        )
        return AccuracyPrediction(
            accuracy=middle,
            sd=(upper - lower) / (2.0 * INTERVAL_DEVIATIONS),
            lower=lower,
            upper=upper,
            is_relative=is_relative,
        )

    def warning(self, trained: Trained) -> str | None:
        """Return a sentence where no proxy is known, or where the trained networks contradict the sources."""
        if not self._has_known_proxies:
            return "the candidates have no proxy that the sources have: only their decisions are compared"
        if len(np.unique(trained.accuracy)) < TELLING_COUNT:
            return None
        prior_correlation = self._mixture.prior_correlation(trained)
        if prior_correlation > MIN_PRIOR_CORRELATION:
            return None
        return (
            f"this task is unlike the sources: accuracies expected from them and those of the {trained.count} networks "
            f"trained have a rank correlation of {prior_correlation:.2f}; train more, or name sources that are nearer"
        )
