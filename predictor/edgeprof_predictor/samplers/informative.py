"""Architectures that tell most about a new platform, given all sources and what is measured."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.features import FeatureMap
from edgeprof_predictor.posterior import Hypotheses, Posterior
from edgeprof_predictor.prior import Basis, Prior
from edgeprof_predictor.samplers.base import check_count
from edgeprof_predictor.samplers.chance import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.sources import SourceRegressions
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

CANDIDATE_COUNT: Final = 400
"""Candidates considered for a sample; more are thinned at random."""

ASSUMED_NOISE: Final = 0.01
"""Relative variance of a measurement (10 %) that the choice reckons with, whatever the samples so
far say: a choice made for noise loses little without it, the reverse loses much."""

CONSIDERED_COUNT: Final = 16
"""Combinations of the posterior over which the gain is averaged."""

REMAINING_COUNT: Final = 200
"""Candidates among which the gain of further samples is estimated."""


class Informative:
    """Takes the architecture that tells most about the platform, given what is measured.

    Cells whose input does not reach their output come last: no network of use is one.

    Args:
        prior: Of the search space and its sources.
        hypotheses: Drawn for that prior.
    """

    def __init__(self, prior: Prior, hypotheses: Hypotheses) -> None:
        self._prior = prior
        self._hypotheses = hypotheses

    @classmethod
    def of_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Informative:
        """Fit what the choice needs to know of the sources."""
        feature_map = FeatureMap(space)
        prior = Prior.of(feature_map, SourceRegressions.fit(feature_map, sources), seed=seed)
        return cls(prior, Hypotheses.draw(prior, seed=seed))

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return distinct indices of candidates, most informative first: `count`."""
        is_connected = self._prior.feature_map.space.is_connected(candidates)
        eligible = np.flatnonzero(is_connected) if is_connected.sum() >= count else np.arange(len(candidates))
        thinned = eligible[choose_random(len(eligible), min(max(CANDIDATE_COUNT, count), len(eligible)), seed=seed)]
        posterior = Posterior.infer(self._prior, self._hypotheses, measured)
        chosen = choose_informative(posterior, self._prior.basis(candidates[thinned]), count)
        indices: NDArray[np.int64] = thinned[chosen]
        return indices


def choose_informative(posterior: Posterior, candidates: Basis, count: int) -> NDArray[np.int64]:
    """Return distinct indices of candidates, each the one that tells most after those before.

    The gain of a candidate is how much it lowers the summed relative variance of all candidates,
    as a share, averaged over combinations; it needs no latency of the candidates.

    Raises:
        SampleCountError: If there are fewer candidates than asked for.
    """
    check_count(len(candidates), count)
    relative = posterior.covariance(candidates, CONSIDERED_COUNT)
    chosen: list[int] = []
    for _ in range(count):
        gains = _gains(relative)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        relative = conditioned(relative, chosen[-1])
    return np.array(chosen, dtype=np.int64)


def remaining_variance(posterior: Posterior, candidates: Basis, count: int) -> float:
    """Return the share of the relative variance that is left after the best next samples.

    Args:
        posterior: What is known now.
        candidates: Architectures to choose from; the variance is theirs.
        count: Samples more.

    Shapes:
        returns: In (0, 1], measurement noise included, which no sample lowers.
    """
    thinned = candidates[:REMAINING_COUNT]
    chosen = choose_informative(posterior, thinned, min(count, len(thinned)))
    relative = posterior.covariance(thinned, CONSIDERED_COUNT)
    noise = float(posterior.hypotheses.noise.mean())
    before = _mean_variance(relative) + noise
    for index in chosen:
        relative = conditioned(relative, int(index))
    return (_mean_variance(relative) + noise) / before


def _mean_variance(relative: FloatArray) -> float:
    return float(np.maximum(np.einsum("hii->hi", relative), 0.0).mean())


def conditioned(relative: FloatArray, index: int) -> FloatArray:
    """Return covariances `h x n x n` after a measurement of one architecture."""
    column = relative[:, :, index]
    after: FloatArray = (
        relative - column[:, :, None] * column[:, None, :] / (column[:, index] + ASSUMED_NOISE)[:, None, None]
    )
    return after


def _gains(relative: FloatArray) -> FloatArray:
    variance = np.maximum(np.einsum("hii->hi", relative), 0.0)
    lowered = (relative**2).sum(axis=1) / (variance + ASSUMED_NOISE)
    gains: FloatArray = (lowered / np.maximum(variance.sum(axis=1, keepdims=True), 1e-12)).mean(axis=0)
    return gains
