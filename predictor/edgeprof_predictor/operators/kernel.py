"""Covariance of log(time / guess) between operators: of what they compute, and of where they run.

Letters: `n`, `m` operators, `d` features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.records import SIZE_COUNT

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """Operators as the kernel sees them.

    Shapes:
        features: `n x d`.  classes, tags, networks: `n`, codes that are equal where the thing is.
        is_probe: `n`.
    """

    features: Array
    classes: Integers
    tags: Integers
    networks: Integers
    is_probe: Booleans

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: Integers | Sequence[int]) -> Inputs:
        """Return some of the operators."""
        index = np.asarray(rows, dtype=np.int64)
        return Inputs(
            features=self.features[index],
            classes=self.classes[index],
            tags=self.tags[index],
            networks=self.networks[index],
            is_probe=self.is_probe[index],
        )


def computation_covariance(hyper: Hyperparameters, left: Inputs, right: Inputs) -> Array:
    """Return the covariance of what operators compute, `n x m`; it holds on any network."""
    same_class = _equal(left.classes, right.classes)
    same_tag = _equal(left.tags, right.tags)
    shape = smooth_shape(hyper, left, right)
    of_class = hyper.class_level**2 + linear(hyper.class_slopes, left, right) + hyper.class_smooth**2 * shape
    of_tag = hyper.tag_level**2 + hyper.tag_smooth**2 * shape
    shared = hyper.constant**2 + linear(hyper.shared_slopes, left, right)
    covariance: Array = shared + same_class * of_class + same_tag * of_tag
    return covariance


def context_covariance(hyper: Hyperparameters, left: Inputs, right: Inputs) -> Array:
    """Return the covariance of where operators run, `n x m`: their network, and the suite of probes."""
    same_class = _equal(left.classes, right.classes)
    same_network = _equal(left.networks, right.networks)
    both_probes = np.outer(left.is_probe, right.is_probe)
    # Levels alone: a slope in size would take a part of what the sizes explain, and no probe could show it.
    of_network = hyper.network**2 + hyper.network_class**2 * same_class
    of_suite = hyper.probe**2 + hyper.probe_class**2 * same_class
    covariance: Array = same_network * of_network + both_probes * of_suite
    return covariance


def noise_variance(hyper: Hyperparameters, times_us: Array) -> Array:
    """Return the variance of measured logarithms, `n`: an operator's own and that of the clock."""
    variance: Array = hyper.noise**2 + (hyper.rounding_us / times_us) ** 2
    return variance


def linear(slopes: Array, left: Inputs, right: Inputs) -> Array:
    """Return the covariance of slopes of these standard deviations, `n x m`."""
    product: Array = (left.features * slopes**2) @ right.features.T
    return product


def smooth_shape(hyper: Hyperparameters, left: Inputs, right: Inputs) -> Array:
    """Return exp(-distance^2 / 2) in units of the lengthscales, `n x m`, by sizes alone.

    What a network's operators have in common, such as its weights, has slopes only: a smooth function of it would tell
    networks apart instead of operators.
    """
    scaled_left, scaled_right = (one.features[:, :SIZE_COUNT] / hyper.lengthscales for one in (left, right))
    squares = (scaled_left**2).sum(1)[:, None] + (scaled_right**2).sum(1)[None, :] - 2 * scaled_left @ scaled_right.T
    shape: Array = np.exp(-0.5 * np.maximum(squares, 0.0))
    return shape


def _equal(left: Integers, right: Integers) -> Booleans:
    same: Booleans = left[:, None] == right[None, :]
    return same
