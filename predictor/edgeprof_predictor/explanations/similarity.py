"""Which known platforms a new one resembles: correlations over the whole search space, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import ProfileError
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.spaces import FloatArray

SPACE_SHARE: Final = 300
"""Architectures of the space sample over which platforms are compared."""

DRAWS_PER_HYPER_SAMPLE: Final = 8
"""Draws of the new platform's latencies for each hyper-parameter sample."""

INTERVAL: Final = (0.05, 0.95)

_SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """How alike a known platform and the new one are.

    Args:
        platform: The known platform.
        correlation: Of log latencies over the search space; the median of what the samples leave possible.
        lower: Lower end of its 90 % interval.
        upper: Upper end.
        position: Place of the known platform on a map around the new one at (0, 0): its distance is the square root of
            twice one less the correlation, its direction that of platforms that are like it.
    """

    platform: str
    correlation: float
    lower: float
    upper: float
    position: tuple[float, float]


def similar_platforms(predictor: DefaultPredictor) -> tuple[Similarity, ...]:
    """Compare a platform with all sources, most alike first.

    Latencies of the new platform are drawn from its model, so that what its samples do not tell makes the intervals
    wide; those of the sources are their regressions. Correlations are those of measurements: noise lowers them, and the
    sources, whose own noise is not kept, are taken to be as noisy as the platform.

    Args:
        predictor: Of the platform.

    Raises:
        ProfileError: If there is no source to compare with.
    """
    posterior = predictor.posterior
    prior = posterior.prior
    platforms = prior.sources.platforms
    if not platforms:
        raise ProfileError(f"no platform is known that {prior.feature_map.space.name} was measured on")
    # A network whose input does not reach its output takes next to nothing, and its logarithm says nothing.
    compared = np.flatnonzero(prior.feature_map.space_sample.is_connected)[:SPACE_SHARE]
    choices = prior.feature_map.space_sample_choices[compared]
    drawn = posterior.draw(prior.space_sample[compared], DRAWS_PER_HYPER_SAMPLE, seed=_SEED)
    log_sources, log_drawn = np.log(prior.source_latencies(choices)).T, np.log(drawn)
    of_sources, of_platform = _standardised(log_sources), _standardised(log_drawn)
    noise = np.repeat(posterior.hyper_samples.noise, DRAWS_PER_HYPER_SAMPLE)[:, None]
    reliability = _reliability(log_drawn.var(axis=1)[:, None], noise) * _reliability(log_sources.var(axis=1), noise)
    correlations = of_platform @ of_sources.T / len(choices) * np.sqrt(reliability)
    lower, middle, upper = np.quantile(correlations, (INTERVAL[0], 0.5, INTERVAL[1]), axis=0)
    positions = _map(of_sources @ of_sources.T / len(choices), middle)
    found = [
        Similarity(platform=name, correlation=c, lower=low, upper=high, position=(x, y))
        for name, c, low, high, (x, y) in zip(
            platforms, middle.tolist(), lower.tolist(), upper.tolist(), positions.tolist(), strict=True
        )
    ]
    return tuple(sorted(found, key=lambda one: -one.correlation))


def _standardised(log_latencies: FloatArray) -> FloatArray:
    centred = log_latencies - log_latencies.mean(axis=1, keepdims=True)
    standardised: FloatArray = centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-12)
    return standardised


def _reliability(variance: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the share of the variance of measurements that is not their noise (Spearman 1904)."""
    share: FloatArray = variance / (variance + noise)
    return share


def _map(among_sources: FloatArray, with_platform: FloatArray) -> FloatArray:
    """Return places in the plane, the platform's at the origin: `p x 2`.

    Source:
        Classical multidimensional scaling (Torgerson 1952) for the directions.
    """
    count = len(among_sources) + 1
    correlation = np.eye(count)
    correlation[1:, 1:] = among_sources
    correlation[0, 1:] = correlation[1:, 0] = with_platform
    centring = np.eye(count) - 1.0 / count
    # Squared distances are 2 (1 - correlation); doubly centred and halved, that leaves the correlation.
    values, vectors = np.linalg.eigh(centring @ correlation @ centring)
    places = vectors[:, :-3:-1] * np.sqrt(np.maximum(values[:-3:-1], 0.0))
    signs = np.where(places[np.abs(places).argmax(axis=0), range(2)] < 0, -1.0, 1.0)
    around = ((places - places[0]) * signs)[1:]
    # Two dimensions do not hold all distances. Those from the new platform are what is asked for, so they are kept.
    distances = np.sqrt(2.0 * (1.0 - with_platform))
    kept: FloatArray = around * (distances / np.maximum(np.hypot(*around.T), 1e-12))[:, None]
    return kept
