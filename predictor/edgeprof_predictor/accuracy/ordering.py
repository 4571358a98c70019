"""From the accuracies of a few trained networks to normal accuracies and back; only their order is used."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.features import normal_ranks
from edgeprof_predictor.accuracy.target import TargetPosterior
from edgeprof_predictor.spaces import FloatArray

ROUND_COUNT: Final = 3
"""Rounds of ranking the trained networks among all candidates."""

RANK_SHARE: Final = 0.5
"""Share of a normal accuracy that is the rank among the trained ones; the rest is where the model puts that rank among
all candidates. Chosen networks are not a random draw, so ranks among them alone would place them too far out."""


def latent_accuracies(posterior: TargetPosterior, indices: NDArray[np.int64], accuracy: FloatArray) -> FloatArray:
    """Return normal accuracies of trained networks, in the order of what they reached: `k`."""
    ranks = normal_ranks(accuracy)
    latent = ranks
    weights = posterior.weights(indices)
    for _ in range(ROUND_COUNT):
        expected = posterior.mean + weights @ (latent - posterior.mean[indices])
        placed = np.sort(normal_ranks(expected)[indices])
        latent = RANK_SHARE * ranks + (1.0 - RANK_SHARE) * _in_order(placed, accuracy)
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
