"""From the accuracies of a few trained networks to normal accuracies and back, whatever their unit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.features import normal_ranks
from edgeprof_predictor.accuracy.target import TargetPosterior
from edgeprof_predictor.spaces import FloatArray

MIN_UNIT_SHARE: Final = 0.05
"""Share of the range of trained networks' accuracies that their unit is at least: most may reach nearly the same."""

ROUND_COUNT: Final = 3
"""Rounds of ranking the trained networks among all candidates."""

OBSERVED_SHARE: Final = 0.5
"""Share of a normal accuracy that is its place among the trained ones; the rest is where the model puts its rank among
all candidates. Chosen networks are not a random draw, so their accuracies alone would place them too far out."""


def normal_accuracies(accuracy: FloatArray) -> FloatArray:
    """Return accuracies of trained networks by their distance from the middle one, spread as their ranks are: `k`.

    Distances are taken as inverse hyperbolic sines, so that networks that failed are not too far below all others.
    """
    ranks = normal_ranks(accuracy)
    distances = accuracy - np.median(accuracy)
    # The median absolute deviation, made the standard deviation of a normal distribution.
    unit = max(1.4826 * float(np.median(np.abs(distances))), MIN_UNIT_SHARE * float(np.ptp(accuracy)))
    if unit == 0.0:
        return ranks
    places = np.arcsinh(distances / unit)
    found: FloatArray = (places - places.mean()) * (ranks.std() / places.std())
    return found


def latent_accuracies(posterior: TargetPosterior, indices: NDArray[np.int64], accuracy: FloatArray) -> FloatArray:
    """Return normal accuracies of trained networks, in the order of what they reached: `k`."""
    observed = normal_accuracies(accuracy)
    latent = observed
    weights = posterior.weights(indices)
    for _ in range(ROUND_COUNT):
        expected = posterior.mean + weights @ (latent - posterior.mean[indices])
        placed = np.sort(normal_ranks(expected)[indices])
        latent = OBSERVED_SHARE * observed + (1.0 - OBSERVED_SHARE) * _in_order(placed, accuracy)
    return latent


def to_accuracy(latent: FloatArray, trained_latent: FloatArray, accuracy: FloatArray) -> FloatArray:
    """Return accuracies of latent values: lines between the trained networks, their common slope outside: `n`."""
    levels, first = np.unique(accuracy, return_index=True)
    places = np.maximum.accumulate(trained_latent[first])
    slope = (levels[-1] - levels[0]) / max(places[-1] - places[0], 1e-9) if len(levels) > 1 else 0.0
    inside = np.interp(latent, places, levels)
    below, above = np.minimum(latent - places[0], 0.0), np.maximum(latent - places[-1], 0.0)
    found: FloatArray = inside + slope * (below + above)
    return found


def _in_order(places: FloatArray, accuracy: FloatArray) -> FloatArray:
    """Return ascending places in the order of accuracies; equal ones get the mean of theirs: `k`."""
    _, group = np.unique(accuracy, return_inverse=True)
    group = group.reshape(-1)
    ordered = np.empty(len(accuracy))
    ordered[np.argsort(accuracy, kind="stable")] = places
    means: FloatArray = (np.bincount(group, weights=ordered) / np.bincount(group))[group]
    return means
