"""Hyper-parameters of the probabilistic model: which mean, how large each kernel, how much noise.

They are not known beforehand, so a few thousand samples are drawn from broad ranges and weighed later.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.prior import AMPLITUDES, Basis, Prior
from edgeprof_predictor.spaces import FloatArray

DRAWN_COUNT: Final = 4000
"""Hyper-parameter samples drawn."""

NOISE_RANGE: Final = (1e-5, 0.04)
"""Range of the noise variance, relative to the squared latency: deviations from 0.3 % (look-up tables) to 20 % (phones
under load)."""

ABSENT_SHARE: Final = 0.1
"""Share of the hyper-parameter samples in which a kernel has amplitude 0."""

OFFSET_VARIANCE: Final = 0.06
"""Variance of a constant part of the relative latency, the same for all networks."""

SCALE_VARIANCE: Final = 0.3
"""Variance of a factor on the mean: a few samples determine the scale of a platform only roughly."""


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
    def draw(cls, prior: Prior, *, seed: int) -> HyperparameterSamples:
        """Draw hyper-parameters, logarithms uniform in their ranges."""
        generator = np.random.default_rng(seed)
        lowest, highest = np.log([AMPLITUDES[name] for name in prior.kernel_names]).T
        uniform = generator.random((DRAWN_COUNT, len(lowest)))
        amplitudes = np.exp(lowest + (highest - lowest) * uniform)
        amplitudes[generator.random(amplitudes.shape) < ABSENT_SHARE] = 0.0
        return cls(
            mean_index=generator.integers(0, prior.space_sample.means.shape[1], DRAWN_COUNT),
            amplitudes=amplitudes,
            noise=np.exp(generator.uniform(math.log(NOISE_RANGE[0]), math.log(NOISE_RANGE[1]), DRAWN_COUNT)),
            log_prior=np.zeros(DRAWN_COUNT),
        )

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, indices: NDArray[np.int64]) -> HyperparameterSamples:
        return HyperparameterSamples(
            mean_index=self.mean_index[indices],
            amplitudes=self.amplitudes[indices],
            noise=self.noise[indices],
            log_prior=self.log_prior[indices],
        )

    def of_mean(self, mean_index: int) -> HyperparameterSamples:
        """Return the samples with this mean."""
        return self[np.flatnonzero(self.mean_index == mean_index)]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        names = ("mean_index", "amplitudes", "noise", "log_prior")
        return {f"hypotheses.{name}": getattr(self, name) for name in names}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> HyperparameterSamples:
        """Return what `tensors` was saved from."""
        return cls(
            mean_index=tensors["hypotheses.mean_index"].astype(np.int64),
            amplitudes=tensors["hypotheses.amplitudes"].astype(np.float64),
            noise=tensors["hypotheses.noise"].astype(np.float64),
            log_prior=tensors["hypotheses.log_prior"].astype(np.float64),
        )

    def means(self, basis: Basis) -> FloatArray:
        """Return the prior mean of each hyper-parameter sample: `h x n`."""
        means: FloatArray = basis.means[:, self.mean_index].T
        return means

    def covariance(self, first: Basis, second: Basis) -> FloatArray:
        """Return the covariance of relative latencies, noise left out: `h x n x n'`."""
        kernels = np.tensordot(self.amplitudes, first.cross(second), axes=1)
        scale = SCALE_VARIANCE * self.means(first)[:, :, None] * self.means(second)[:, None, :]
        covariance: FloatArray = kernels + OFFSET_VARIANCE + scale
        return covariance

    def variance(self, basis: Basis) -> FloatArray:
        """Return the variance of relative latencies, noise left out: `h x n`."""
        variance: FloatArray = (
            self.amplitudes @ basis.diagonal() + OFFSET_VARIANCE + SCALE_VARIANCE * self.means(basis) ** 2
        )
        return variance
