"""Gaussian processes over the networks of a search space: of the logs of latencies, and of what is left of these.

A process is the sum of independent parts: a level, slopes in the logs of what a network costs in all, in what its
stages cost and in how many operations of each kind an engine runs, a smooth function of costs and operations, and a
part by its choices and their pairs. Its amplitudes are drawn within a range each; draws are weighed by the marginal
likelihood of what is known, and predictions averaged over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.methods.choice_kernel import choice_kernel
from edgeprof_predictor.methods.column_scale import ColumnScale
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

PARTS: Final = ("level", "totals", "stages", "operations", "smooth", "choices")
NOISE: Final = "noise"

DRAW_COUNT: Final = 256
"""Draws of the amplitudes."""

NEGLIGIBLE_SHARE: Final = 0.01
"""Draws whose weight is below this share of the largest do not predict."""

Ranges = Mapping[str, tuple[float, float]]
"""Least and largest amplitude of each of `PARTS` and of the noise, as standard deviations of logs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Described:
    """Architectures as the processes see them.

    Shapes:
        totals: `n x q`.  stages: `n x s q`.  operations: `n x o`.  one_hots: `n x d`.
    """

    totals: FloatArray
    stages: FloatArray
    operations: FloatArray
    one_hots: FloatArray
    decision_count: int

    def __len__(self) -> int:
        return len(self.one_hots)

    @property
    def _linear(self) -> tuple[FloatArray, ...]:
        return self.totals, self.stages, self.operations

    @property
    def _place(self) -> FloatArray:
        return np.concatenate([self.totals, self.operations], axis=1)

    def kernels(self, other: Described) -> FloatArray:
        """Return the covariance of each part at an amplitude of 1: `6 x n x n'`."""
        by_choices = choice_kernel(self.one_hots @ other.one_hots.T, self.decision_count)
        slopes = [mine @ theirs.T for mine, theirs in zip(self._linear, other._linear, strict=True)]
        mine, theirs = self._place, other._place
        squares = (mine**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1) - 2 * mine @ theirs.T
        smooth = np.exp(-0.5 * np.maximum(squares, 0.0))
        return np.stack([np.ones_like(by_choices), *slopes, smooth, by_choices])

    def variances(self) -> FloatArray:
        """Return the variance of each part at an amplitude of 1: `6 x n`."""
        one = np.ones(len(self))
        return np.stack([one, *((columns**2).sum(axis=1) for columns in self._linear), one, one])


class Describer:
    """Describes architectures by pruned choices and by what the pruned network costs.

    Args:
        feature_map: Of the search space.
    """

    def __init__(self, feature_map: FeatureMap) -> None:
        self.feature_map: Final = feature_map
        self._space: Final = feature_map.space
        sample = feature_map.space_sample_choices[feature_map.space_sample.is_connected]
        self._scales: Final = [ColumnScale.of(columns) for columns in self._columns(sample)]

    def __call__(self, choices: ChoiceArray) -> Described:
        """Return the description of architectures: `n x l` to `n`."""
        columns = zip(self._scales, self._columns(choices), strict=True)
        totals, stages, operations = (scale(found) for scale, found in columns)
        return Described(
            totals=totals,
            stages=stages,
            operations=operations,
            one_hots=self._space.one_hot(self._space.pruned(choices)),
            decision_count=len(self._space.choice_counts),
        )

    def _columns(self, choices: ChoiceArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return logs of total costs, costs of stages and counts; without columns where the space knows none."""
        costs, counts = self._space.costs(choices), self._space.operation_counts(choices)
        none = np.zeros((len(choices), 0))
        if costs is None:
            return none, none, none if counts is None else counts
        totals = np.log1p(costs.amounts.sum(axis=1) + costs.fixed)
        stages = costs.amounts.reshape(len(choices), costs.amounts.shape[1] * costs.amounts.shape[2])
        return totals, stages, none if counts is None else counts


class LogProcess:
    """A process given what is known of some architectures.

    Letters: `k` known architectures, `n` others, `h` draws of the amplitudes that are kept.

    Args:
        known: The known architectures.
        values: Logs that are known of them.
        ranges: Of the amplitudes.
        noise_variances: Of each value, beside the noise of all; None for none.
        seed: Of the draws.

    Shapes:
        values, noise_variances: `k`.
    """

    def __init__(
        self,
        known: Described,
        values: FloatArray,
        ranges: Ranges,
        *,
        noise_variances: FloatArray | None = None,
        seed: int,
    ) -> None:
        generator = np.random.default_rng(seed)
        ends = np.log([ranges[name] for name in (*PARTS, NOISE)])
        drawn = np.exp(2 * generator.uniform(ends[:, 0], ends[:, 1], (DRAW_COUNT, len(ends))))
        kernels, count = known.kernels(known), len(values)
        fits = []
        for variances in drawn:
            covariance = np.tensordot(variances[:-1], kernels, 1)
            covariance[np.diag_indices(count)] += variances[-1] + (0.0 if noise_variances is None else noise_variances)
            factor = np.linalg.cholesky(covariance)
            white = np.linalg.solve(factor, values)
            fits.append((factor, white, -0.5 * float(white @ white) - float(np.log(np.diagonal(factor)).sum())))
        weights = np.exp(np.array([fit[2] for fit in fits]) - max(fit[2] for fit in fits))
        kept = np.flatnonzero(weights > NEGLIGIBLE_SHARE)
        self._known: Final = known
        self._variances: Final[FloatArray] = drawn[kept]
        self._fits: Final = [fits[index][:2] for index in kept]
        self._weights: Final[FloatArray] = weights[kept] / weights[kept].sum()

    @property
    def noise_variance(self) -> float:
        """Variance of the noise, averaged over the draws."""
        return float(self._weights @ self._variances[:, -1])

    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Return by how much each value differs from what all others say of it, and the variance of that: `k` each.

        Source:
            Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2.
        """
        errors, variances = np.zeros((2, len(self._weights), len(self._known)))
        for index, (factor, white) in enumerate(self._fits):
            inverse = np.linalg.inv(factor)
            precisions = (inverse**2).sum(axis=0)
            errors[index], variances[index] = (inverse.T @ white) / precisions, 1 / precisions
        error = self._weights @ errors
        return error, self._weights @ (variances + (errors - error) ** 2)

    def predict(self, new: Described) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of the logs of other architectures, noise left out: `n` each."""
        kernels, own = self._known.kernels(new), new.variances()
        means, variances = np.zeros((2, len(self._weights), len(new)))
        for index, (amplitudes, (factor, white)) in enumerate(zip(self._variances[:, :-1], self._fits, strict=True)):
            cross = np.linalg.solve(factor, np.tensordot(amplitudes, kernels, 1))
            means[index] = white @ cross
            variances[index] = amplitudes @ own - (cross**2).sum(axis=0)
        mean = self._weights @ means
        return mean, self._weights @ (np.maximum(variances, 0.0) + (means - mean) ** 2)

    def covariance(self, new: Described) -> FloatArray:
        """Return the covariance of other architectures, noise left out, averaged over the draws: `n x n`."""
        kernels, own = self._known.kernels(new), new.kernels(new)
        total = np.zeros((len(new), len(new)))
        for weight, amplitudes, (factor, _) in zip(self._weights, self._variances[:, :-1], self._fits, strict=True):
            cross = np.linalg.solve(factor, np.tensordot(amplitudes, kernels, 1))
            total += weight * (np.tensordot(amplitudes, own, 1) - cross.T @ cross)
        return total
