"""Our accuracy predictor: one prior from all source tasks, a few networks chosen to be trained, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPrediction, AccuracyPredictor, SourceUse
from edgeprof_predictor.accuracy.design import choose_informative
from edgeprof_predictor.accuracy.evidence import fit_scales
from edgeprof_predictor.accuracy.features import normal_ranks, read_features
from edgeprof_predictor.accuracy.mixture import Mixture
from edgeprof_predictor.accuracy.ordering import to_accuracy
from edgeprof_predictor.accuracy.target import SourcePosterior, without_sources
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS

SCALE_COUNT: Final = 40
"""Architectures of each source from which the scales of the kernels are learned."""

PRIOR_COUNT: Final = 150
"""Architectures of each source that speak for the target."""


class Default(AccuracyMethod):
    """A Gaussian process over all tasks at once: what all share, what a search space shares, what is a task's own.

    Args:
        proxies: Those that the kernels read.
        posterior: What the sources say.
    """

    name: ClassVar[str] = "default"
    encoding: ClassVar[str] = "zcpvec"
    source_use: ClassVar[SourceUse] = "all"

    def __init__(self, proxies: tuple[str, ...], posterior: SourcePosterior) -> None:
        self.proxies: Final = proxies
        self._posterior = posterior

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> Default:
        """Learn the scales of the kernels, then what the sources say under them.

        Raises:
            TableError: If there is no source.
        """
        if not sources:
            raise TableError("the default accuracy predictor learns from source tasks, and there is none; name one")
        proxies = tuple(sorted({proxy for source in sources for proxy in source.candidates.proxies}))
        generator = np.random.default_rng(seed)
        features, accuracies = [], []
        for source in sources:
            kept = generator.permutation(source.candidates.count)[:PRIOR_COUNT]
            # Ranked among all of its task, then thinned out.
            features.append(read_features(source.candidates, proxies, task=source.name).subset(kept))
            accuracies.append(normal_ranks(source.accuracy)[kept])
        few = np.arange(SCALE_COUNT)
        scales = fit_scales(
            [part.subset(few[: part.count]) for part in features], [part[:SCALE_COUNT] for part in accuracies]
        )
        return cls(proxies, SourcePosterior(scales, features, accuracies))

    def look_at(self, candidates: Candidates) -> DefaultPredictor:
        """Return the predictor for a task on these candidates."""
        target = read_features(candidates, self.proxies)
        beliefs = [self._posterior.look_at(target)]
        others = self._posterior.without(target.space) if target.space in self._posterior.spaces else None
        if others is not None:
            beliefs.append(others.look_at(target))
        beliefs.append(without_sources(self._posterior.scales, target))
        return DefaultPredictor(Mixture(beliefs))


class DefaultPredictor(AccuracyPredictor):
    """The default method on the candidates of one target.

    Args:
        mixture: What is believed of them.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture

    def choose(self, count: int, *, trained: Trained, seed: int) -> NDArray[np.int64]:
        """Return the candidates that tell most of all others."""
        return choose_informative(self._mixture, count, trained=trained, seed=seed)

    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        """Return accuracies of all candidates; while fewer than two levels are known, values that only rank."""
        is_relative = len(np.unique(trained.accuracy)) < 2
        found = self._mixture.predict(Trained.none() if is_relative else trained)
        reach = INTERVAL_DEVIATIONS * found.sd
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
