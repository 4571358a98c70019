"""Marginal likelihood of measured operators and its gradient: what hyper-parameters are fitted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from edgeprof_predictor.operators.gaussian_process import training_covariance
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.kernel import Array, Inputs, smooth_shape
from edgeprof_predictor.operators.records import SIZE_COUNT

_PRIOR_SD: Final = 1.5
"""Hyper-parameters are known within a factor of 4.5 beforehand: features that a setting never varies keep theirs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Operators of one setting: `n` inputs, `n` targets log(time / guess), `n` times in microseconds."""

    inputs: Inputs
    targets: Array
    times_us: Array


def negative_log_likelihood(hyper: Hyperparameters, measured: Measured) -> tuple[float, Array]:
    """Return -log p(targets) and its gradient in the logarithms of the hyper-parameters, in their order."""
    covariance = training_covariance(hyper, measured.inputs, measured.times_us)
    factor = cho_factor(covariance, lower=True)
    weights = cho_solve(factor, measured.targets)
    value = 0.5 * measured.targets @ weights + np.log(np.diag(factor[0])).sum()
    inverse = cho_solve(factor, np.eye(len(weights)))
    sensitivity = inverse - np.outer(weights, weights)  # twice the derivative in each entry of the covariance
    return float(value), _gradient(hyper, measured, sensitivity)


def _gradient(hyper: Hyperparameters, measured: Measured, sensitivity: Array) -> Array:
    inputs = measured.inputs
    same_class = inputs.classes[:, None] == inputs.classes[None, :]
    same_tag = inputs.tags[:, None] == inputs.tags[None, :]
    same_network = inputs.networks[:, None] == inputs.networks[None, :]
    both_probes = np.outer(inputs.is_probe, inputs.is_probe)
    of_class, of_tag = sensitivity * same_class, sensitivity * same_tag
    shape = smooth_shape(hyper, inputs, inputs)
    smooth = (hyper.class_smooth**2 * of_class + hyper.tag_smooth**2 * of_tag) * shape
    features = inputs.features
    diagonal = np.diag(sensitivity)
    network, probes = sensitivity * same_network, sensitivity * both_probes
    # d/dlog(s) of s^2 M is 2 s^2 M; the factor 1/2 of the likelihood cancels the 2.
    return np.concatenate(
        [
            [hyper.constant**2 * sensitivity.sum()],
            [hyper.class_level**2 * of_class.sum()],
            [hyper.tag_level**2 * of_tag.sum()],
            hyper.shared_slopes**2 * _quadratic(features, sensitivity),
            hyper.class_slopes**2 * _quadratic(features, of_class),
            0.5 * _squared_distances(features[:, :SIZE_COUNT], smooth) / hyper.lengthscales**2,
            [hyper.class_smooth**2 * (of_class * shape).sum()],
            [hyper.tag_smooth**2 * (of_tag * shape).sum()],
            [hyper.noise**2 * diagonal.sum()],
            [hyper.rounding_us**2 * (diagonal / measured.times_us**2).sum()],
            [hyper.network**2 * network.sum()],
            [hyper.network_class**2 * (network * same_class).sum()],
            [hyper.probe**2 * probes.sum()],
            [hyper.probe_class**2 * (probes * same_class).sum()],
        ]
    )


def _quadratic(features: Array, matrix: Array) -> Array:
    """Return x_f' M x_f for each feature f."""
    result: Array = np.einsum("if,if->f", features, matrix @ features)
    return result


def _squared_distances(features: Array, matrix: Array) -> Array:
    """Return the sum of M_ij (x_if - x_jf)^2 for each feature f, for a symmetric M."""
    result: Array = 2 * ((features**2) * matrix.sum(1)[:, None]).sum(0) - 2 * _quadratic(features, matrix)
    return result


def fit_hyperparameters(
    settings: Sequence[Measured], *, start: Hyperparameters | None = None, max_evaluations: int = 60
) -> Hyperparameters:
    """Return the hyper-parameters that make the operators of all settings most likely together.

    Args:
        settings: Measured operators, a setting each; about 1000 of each are enough.
        start: Where to start; also what the hyper-parameters are expected to be.
        max_evaluations: Evaluations of the likelihood, at most.
    """
    first = (start or Hyperparameters.initial()).to_vector()
    total = sum(len(one.targets) for one in settings)

    def objective(vector: Array) -> tuple[float, Array]:
        value = 0.0
        gradient: Array = np.zeros_like(vector)
        for one in settings:
            part, part_gradient = negative_log_likelihood(Hyperparameters.of_vector(vector), one)
            value, gradient = value + part, gradient + part_gradient
        offset = (vector - first) / _PRIOR_SD
        return (value + 0.5 * float(offset @ offset)) / total, (gradient + offset / _PRIOR_SD) / total

    found = minimize(
        objective,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=Hyperparameters.bounds(),
        options={"maxfun": max_evaluations, "maxiter": max_evaluations},
    )
    return Hyperparameters.of_vector(found.x)
