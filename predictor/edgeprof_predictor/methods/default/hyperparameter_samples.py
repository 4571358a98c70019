"""Hyper-parameters of the probabilistic model: which mean, how large each kernel, how much noise.

They are not known beforehand, so a few thousand samples are drawn from broad ranges and weighed later.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.prior import AMPLITUDES, OFFSET_VARIANCE, SCALE_VARIANCE, Basis, Prior
from edgeprof_predictor.spaces import FloatArray

DRAWN_COUNT: Final = 4000
"""Hyper-parameter samples drawn."""

NOISE_RANGE: Final = (1e-5, 0.04)
"""Range of the noise variance, relative to the squared latency: deviations from 0.3 % (look-up tables) to 20 % (phones
under load)."""

ABSENT_SHARE: Final = 0.1
"""Share of the hyper-parameter samples in which a kernel has amplitude 0."""

STEP_SD: Final = 0.5
"""Deviation of a step in the logarithm of a hyper-parameter; twice as much is hardly ever taken after many samples."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HyperparameterSamples:
    """Samples of mean, amplitudes and noise.

    Letters: `h` hyper-parameter samples, `j` kernels.

    Shapes:
        mean_index: `h`.  amplitudes: `h x j`.  noise: `h`.  log_prior: `h`, up to a constant, the
        log prior.
    """

    mean_index: NDArray[np.int64]
    amplitudes: FloatArray
    noise: FloatArray
    log_prior: FloatArray

    @classmethod
    def draw(cls, prior: Prior, *, seed: int | np.random.Generator, count: int | None = None) -> HyperparameterSamples:
        """Draw hyper-parameters, logarithms uniform in their ranges: `count` of them, else `DRAWN_COUNT`."""
        generator, count = np.random.default_rng(seed), count or DRAWN_COUNT
        amplitudes = _draw_amplitudes(prior.kernel_names, count, generator)
        return cls(
            mean_index=generator.integers(0, prior.space_sample.means.shape[1], count),
            amplitudes=amplitudes,
            noise=np.exp(generator.uniform(math.log(NOISE_RANGE[0]), math.log(NOISE_RANGE[1]), count)),
            log_prior=np.zeros(count),
        )

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, indices: NDArray[np.int64]) -> HyperparameterSamples:
        return HyperparameterSamples(**{field.name: getattr(self, field.name)[indices] for field in fields(self)})

    def replaced(self, other: HyperparameterSamples, is_other: NDArray[np.bool_]) -> HyperparameterSamples:
        """Return these samples, those of the other where told: `h`."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        replaced = {name: np.where(is_other, theirs.T, mine.T).T for name, (mine, theirs) in pairs.items()}
        return HyperparameterSamples(**replaced)

    def moved(self, prior: Prior, generator: np.random.Generator) -> HyperparameterSamples:
        """Return a neighbour of each sample, by moves under which the flat ranges stay as likely.

        Half of the samples take a step in all logarithms, reflected at the ends of the ranges; of the others one
        hyper-parameter is drawn anew.
        """
        count, width = self.amplitudes.shape
        drawn = HyperparameterSamples.draw(prior, seed=generator, count=count)
        lowest, highest = np.log([*(AMPLITUDES[name] for name in prior.kernel_names), NOISE_RANGE]).T
        span = highest - lowest
        values = np.concatenate([self.amplitudes, self.noise[:, None]], axis=1)
        steps = STEP_SD * generator.standard_normal(values.shape)
        folded = (np.log(np.where(values > 0, values, 1.0)) + steps - lowest) % (2 * span)
        stepped = np.where(values > 0, np.exp(lowest + np.minimum(folded, 2 * span - folded)), 0.0)
        # One column more than there are amplitudes and noise: the mean.
        is_step: NDArray[np.bool_] = np.less(generator.random((count, 1)), 0.5)
        is_redrawn = ~is_step & (np.arange(width + 2) == generator.integers(0, width + 2, (count, 1)))
        kept = np.where(is_step, stepped, values)
        moved = np.where(is_redrawn[:, :-1], np.column_stack([drawn.amplitudes, drawn.noise]), kept)
        return replace(
            self,
            mean_index=np.where(is_redrawn[:, -1], drawn.mean_index, self.mean_index),
            amplitudes=moved[:, :width],
            noise=moved[:, width],
        )

    def with_mean_share(self, mean_index: int, share: float) -> HyperparameterSamples:
        """Return the samples with this prior probability of one mean; what the others have is scaled to the rest.

        Args:
            mean_index: The mean.
            share: Its probability, between 0 and 1.
        """
        has_mean = self.mean_index == mean_index
        weights = np.exp(self.log_prior - self.log_prior.max())
        weights = np.where(has_mean, share * weights / weights[has_mean].sum(), weights)
        weights = np.where(has_mean, weights, (1.0 - share) * weights / weights[~has_mean].sum())
        return replace(self, log_prior=np.log(weights))

    def with_kernel(self, prior: Prior, name: str, *, seed: int) -> HyperparameterSamples:
        """Return the samples with amplitudes of one more kernel, drawn as `draw` does it.

        Args:
            prior: Has that kernel.
            name: Of the kernel.
            seed: Of the amplitudes.
        """
        drawn = _draw_amplitudes([name], len(self), np.random.default_rng(seed))[:, 0]
        return replace(self, amplitudes=np.insert(self.amplitudes, prior.kernel_names.index(name), drawn, axis=1))

    def of_mean(self, mean_index: int) -> HyperparameterSamples:
        """Return the samples with this mean."""
        return self[np.flatnonzero(self.mean_index == mean_index)]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {f"hypotheses.{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> HyperparameterSamples:
        """Return what `tensors` was saved from."""
        types: dict[str, Any] = {field.name: np.float64 for field in fields(cls)} | {"mean_index": np.int64}
        return cls(**{name: tensors[f"hypotheses.{name}"].astype(dtype) for name, dtype in types.items()})

    def means(self, basis: Basis) -> FloatArray:
        """Return the prior mean of each hyper-parameter sample: `h x n`."""
        means: FloatArray = basis.means[:, self.mean_index].T
        return means

    def covariance(self, first: Basis, second: Basis) -> FloatArray:
        """Return the covariance of relative latencies, noise left out: `h x n x n'`."""
        covariance: FloatArray = np.tensordot(self.amplitudes, first.cross(second), axes=1)
        covariance += OFFSET_VARIANCE
        covariance += SCALE_VARIANCE * self.means(first)[:, :, None] * self.means(second)[:, None, :]
        return covariance

    def covariance_times(self, first: Basis, second: Basis, coefficients: FloatArray) -> FloatArray:
        """Return the product of that covariance with a vector for each hyper-parameter sample, without making it.

        Shapes:
            coefficients: `h x n'`.  returns: `h x n`.
        """
        kernels = np.swapaxes(first.cross(second), 1, 2)
        weighted = self.amplitudes[:, :, None] * coefficients[:, None, :]
        by_kernels = weighted.reshape(len(self), -1) @ kernels.reshape(-1, len(first))
        by_scale = SCALE_VARIANCE * (self.means(second) * coefficients).sum(axis=1, keepdims=True) * self.means(first)
        product: FloatArray = by_kernels + OFFSET_VARIANCE * coefficients.sum(axis=1, keepdims=True) + by_scale
        return product

    def variance(self, basis: Basis) -> FloatArray:
        """Return the variance of relative latencies, noise left out: `h x n`."""
        of_kernels = self.amplitudes @ basis.diagonal()
        variance: FloatArray = of_kernels + OFFSET_VARIANCE + SCALE_VARIANCE * self.means(basis) ** 2
        return variance


def _draw_amplitudes(kernel_names: Sequence[str], count: int, generator: np.random.Generator) -> FloatArray:
    """Draw amplitudes, logarithms uniform in their ranges, some of them 0: `count x` kernels."""
    lowest, highest = np.log([AMPLITUDES[name] for name in kernel_names]).T
    amplitudes: FloatArray = np.exp(lowest + (highest - lowest) * generator.random((count, len(lowest))))
    amplitudes[generator.random(amplitudes.shape) < ABSENT_SHARE] = 0.0
    return amplitudes
