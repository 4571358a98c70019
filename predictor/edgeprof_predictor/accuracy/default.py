"""Our accuracy predictor: one prior from all source tasks, a few networks chosen to be trained, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPrediction, AccuracyPredictor, SourceUse
from edgeprof_predictor.accuracy.design import choose_informative
from edgeprof_predictor.accuracy.features import normal_ranks, read_features
from edgeprof_predictor.accuracy.induced import InducedSourcePosterior
from edgeprof_predictor.accuracy.kernel import SCALE_FACTORS, Scales
from edgeprof_predictor.accuracy.mixture import Mixture
from edgeprof_predictor.accuracy.ordering import to_accuracy
from edgeprof_predictor.accuracy.target import OWN_SPACE_COUNT, ExactSourcePosterior, SourcePosterior, without_sources
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS

INTERVAL_FACTOR: Final = 1.2
"""On the deviations of an interval, since scales and order of the few trained networks are taken as exact. One value
for all tasks, under which nine tenths of the accuracies of NAS-Bench-Suite-Zero lie inside."""

TELLING_COUNT: Final = 5
"""Different accuracies of trained networks needed for a warning that the task is unlike the sources."""

MIN_PRIOR_CORRELATION: Final = 0.0
"""Rank correlation of expected and measured accuracies below which a task counts as unlike the sources. On the tasks of
NAS-Bench-Suite-Zero, seen from other spaces, it lies between .26 and .85 with ten networks chosen and trained."""


class DefaultAccuracy(AccuracyMethod):
    """A Gaussian process over all tasks at once: what all share, what a search space shares, what is a task's own.

    Args:
        proxies: Those that the kernels read.
        posteriors: Of the sources, under each set of scales.
    """

    name: ClassVar[str] = "default"
    encoding: ClassVar[str] = "zcpvec"
    source_use: ClassVar[SourceUse] = "all"

    def __init__(self, proxies: tuple[str, ...], posteriors: Sequence[SourcePosterior]) -> None:
        self.proxies: Final = proxies
        self.posteriors: Final = tuple(posteriors)

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> DefaultAccuracy:
        """Condition on the sources, under each set of scales.

        Raises:
            TableError: If there is no source.
        """
        if not sources:
            raise TableError("the default accuracy predictor learns from source tasks, and there is none; name one")
        proxies = tuple(sorted({proxy for source in sources for proxy in source.candidates.proxies}))
        generator = np.random.default_rng(seed)
        features, accuracies = [], []
        for source in sources:
            kept = generator.permutation(source.candidates.count)[:OWN_SPACE_COUNT]
            # Ranked among all of its task, then thinned out.
            features.append(read_features(source.candidates, proxies, task=source.name).subset(kept))
            accuracies.append(normal_ranks(source.accuracy)[kept])
        return cls(
            proxies, [ExactSourcePosterior(Scales.of(factors), features, accuracies) for factors in SCALE_FACTORS]
        )

    def condensed(self, option_counts: Mapping[str, Sequence[int]], *, seed: int) -> DefaultAccuracy:
        """Return a sparse approximation without the data of the sources, for a bundle.

        Args:
            option_counts: Options of each decision, by the name of each search space that the sources are of.
            seed: Draws the inducing points.
        """
        posteriors = [
            InducedSourcePosterior.of(part, proxy_count=len(self.proxies), option_counts=option_counts, seed=seed)
            for part in self.posteriors
            if isinstance(part, ExactSourcePosterior)
        ]
        return DefaultAccuracy(self.proxies, posteriors)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save of a condensed predictor."""
        return {
            f"{index}.{name}": array
            for index, part in enumerate(self.posteriors)
            if isinstance(part, InducedSourcePosterior)
            for name, array in part.tensors().items()
        }

    @classmethod
    def from_tensors(cls, proxies: Sequence[str], tensors: Mapping[str, NDArray[np.generic]]) -> DefaultAccuracy:
        """Return what `tensors` was saved from."""
        by_index: dict[str, dict[str, NDArray[np.generic]]] = {}
        for name, array in tensors.items():
            index, _, part = name.partition(".")
            by_index.setdefault(index, {})[part] = array
        return cls(tuple(proxies), [InducedSourcePosterior.from_tensors(by_index[index]) for index in sorted(by_index)])

    def predictor_for(self, candidates: Candidates) -> DefaultAccuracyPredictor:
        """Return the predictor for a task on these candidates."""
        target = read_features(candidates, self.proxies)
        known = set(candidates.proxies) & set(self.proxies)
        others = [part.without_own_space(target) for part in self.posteriors]
        mixture = Mixture(
            whole=[part.at(target) for part in self.posteriors],
            others=[posterior for posterior in others if posterior is not None],
            alone=[without_sources(part.scales, target) for part in self.posteriors],
        )
        return DefaultAccuracyPredictor(mixture, has_known_proxies=bool(known))


class DefaultAccuracyPredictor(AccuracyPredictor):
    """The default method on the candidates of one target.

    Args:
        mixture: Posteriors of their accuracies.
        has_known_proxies: Whether the candidates have any proxy that the sources have.
    """

    def __init__(self, mixture: Mixture, *, has_known_proxies: bool) -> None:
        self._mixture = mixture
        self._has_known_proxies = has_known_proxies

    def choose(self, count: int, *, trained: Trained, seed: int) -> NDArray[np.int64]:
        """Return the candidates that lower the variance of all others most."""
        return choose_informative(self._mixture, count, trained=trained, seed=seed)

    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        """Return accuracies of all candidates; while fewer than two levels are known, values that only rank."""
        is_relative = len(np.unique(trained.accuracy)) < 2
        found = self._mixture.predict(Trained.none() if is_relative else trained)
        reach = INTERVAL_FACTOR * INTERVAL_DEVIATIONS * found.sd
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
