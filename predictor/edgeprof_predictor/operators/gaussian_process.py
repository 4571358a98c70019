"""A Gaussian process over operators, conditioned on what was measured, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.kernel import (
    Array,
    Inputs,
    Integers,
    computation_covariance,
    context_covariance,
    noise_variance,
)
from edgeprof_predictor.operators.triangular import solve_lower

_JITTER = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """What measured operators say about others.

    Shapes:
        inputs: `n` operators.  factor: `n x n`, lower Cholesky factor of their covariance.
        weights: `n`, inverse covariance times targets.
    """

    hyper: Hyperparameters
    inputs: Inputs
    factor: Array
    weights: Array

    @classmethod
    def fit(cls, hyper: Hyperparameters, inputs: Inputs, targets: Array, times_us: Array) -> Posterior:
        """Condition on measured operators.

        Args:
            hyper: Hyper-parameters.
            inputs: `n` operators.
            targets: `n`, log(time / guess).
            times_us: `n`, the times, for the clock's error.

        Raises:
            OperatorModelError: If the targets are not finite numbers, or the covariance is not positive definite.
        """
        from scipy.linalg import cho_factor, cho_solve  # a prediction does without

        if not len(inputs) or not np.isfinite(targets).all():
            raise OperatorModelError("operators without a finite time cannot be learned from; measure them again")
        covariance = training_covariance(hyper, inputs, times_us)
        try:
            factor, _ = cho_factor(covariance, lower=True)
        except np.linalg.LinAlgError as error:
            raise OperatorModelError(f"the operator model cannot be fitted to these times ({error})") from error
        factor = np.tril(factor)
        return cls(hyper=hyper, inputs=inputs, factor=factor, weights=cho_solve((factor, True), targets))

    def predict(self, inputs: Inputs) -> tuple[Array, Array]:
        """Return mean and covariance of log(time / guess) of operators of one network that was not measured.

        Args:
            inputs: `m` operators; their network's code is that of no measured one.

        Returns:
            `m` and `m x m`; the covariance holds the network's own effects and each operator's, not the clock's.
        """
        cross = computation_covariance(self.hyper, inputs, self.inputs)
        whitened = solve_lower(self.factor, cross.T)
        own = computation_covariance(self.hyper, inputs, inputs) + context_covariance(self.hyper, inputs, inputs)
        own[np.diag_indices_from(own)] += self.hyper.noise**2
        return cross @ self.weights, own - whitened.T @ whitened

    def leave_out(self, rows: Integers) -> tuple[Array, Array]:
        """Return how the targets of some measured operators differ from what all others say of them.

        Args:
            rows: Positions of `m` measured operators, as a whole network's.

        Returns:
            `m` target minus mean, and `m x m` the covariance of that difference.

        Source:
            Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2, for a block in place
            of one point.
        """
        from scipy.linalg import cho_solve

        columns = np.zeros((len(self.inputs), len(rows)))
        columns[rows, np.arange(len(rows))] = 1.0
        block = cho_solve((self.factor, True), columns)[rows]
        covariance = np.linalg.inv(0.5 * (block + block.T))
        return covariance @ self.weights[rows], covariance


def training_covariance(hyper: Hyperparameters, inputs: Inputs, times_us: Array) -> Array:
    """Return the covariance of measured targets, `n x n`."""
    covariance = computation_covariance(hyper, inputs, inputs) + context_covariance(hyper, inputs, inputs)
    covariance[np.diag_indices_from(covariance)] += noise_variance(hyper, times_us) + _JITTER
    return covariance
