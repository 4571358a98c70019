"""Latencies that a device's operators predict for some networks of a space, carried to all its architectures.

A network's operators are known once it is exported, which takes a fraction of a second: enough for some hundred
networks of a space, not for all. Unit costs of each stage, none below 0, are fitted to what is predicted for these; the
logarithm of what is left is smooth in costs and choices, so a Gaussian process carries it to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.default.basis import Basis
from edgeprof_predictor.spaces import CHOICE_TYPE, ChoiceArray, FloatArray

DRAWN_COUNT: Final = 300
"""Draws of the kernels' amplitudes, of which the likeliest carries."""

CARRIED_NOISE: Final = (1e-5, 1e-2)
"""Range of the variance of what costs and choices do not tell, in squared logs."""

MIN_PREDICTED_COUNT: Final = 20
"""Networks from which the latencies of others can be carried."""

LINE_FLOOR: Final = 0.02
"""Share of the median latency below which unit costs give none: networks with hardly any costs."""

_SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictedLatencies:
    """Latencies of some architectures of a space, predicted from their operators.

    Args:
        level_sd: Standard deviation of what all have in common that is not predicted, in logs.

    Shapes:
        choices: `n x l`, as the device runs them.  log_ms: `n`, logs of milliseconds.
        amplitudes: `j + 1`, of the kernels and the noise that carry them; None where they are not chosen yet.

    Raises:
        EncodingError: If there are too few.
    """

    choices: ChoiceArray
    log_ms: FloatArray
    level_sd: float
    amplitudes: FloatArray | None = None

    def __post_init__(self) -> None:
        if len(self.log_ms) < MIN_PREDICTED_COUNT:
            raise EncodingError(
                f"the operators of {len(self.log_ms)} networks are known; {MIN_PREDICTED_COUNT} are needed to predict "
                "others from them"
            )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        assert self.amplitudes is not None
        return {
            "operators.choices": self.choices,
            "operators.log_ms": self.log_ms,
            "operators.level_sd": np.array(self.level_sd),
            "operators.amplitudes": self.amplitudes,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> PredictedLatencies:
        """Return what `tensors` was saved from."""
        return cls(
            choices=tensors["operators.choices"].astype(CHOICE_TYPE),
            log_ms=tensors["operators.log_ms"].astype(np.float64),
            level_sd=tensors["operators.level_sd"].item(),
            amplitudes=tensors["operators.amplitudes"].astype(np.float64),
        )


class OperatorMean:
    """Carries predicted latencies to any architecture.

    Letters: `n` predicted architectures, `m` others, `j` kernels.

    Args:
        predicted: The latencies.
        basis: Kernels and costs of the predicted architectures.
        ranges: `j x 2`, ranges of the kernels' amplitudes; 0 to 0 for one that carries nothing.
    """

    def __init__(self, predicted: PredictedLatencies, basis: Basis, ranges: FloatArray) -> None:
        from scipy.optimize import nnls  # a tenth of a second of import that profiles without operators do not need

        self._basis = basis
        # Relative errors count, so each row is divided by its latency.
        scale = np.exp(predicted.log_ms)
        self._unit_costs = nnls(basis.costs / scale[:, None], np.ones(len(scale)))[0]
        self._floor = LINE_FLOOR * float(np.median(scale))
        kernels, residual = basis.cross(basis), predicted.log_ms - self._log_line(basis)
        amplitudes = predicted.amplitudes
        if amplitudes is None or len(amplitudes) != len(ranges) + 1:
            amplitudes = _likeliest(kernels, residual, np.concatenate([ranges, [CARRIED_NOISE]]))
        self.predicted: Final = replace(predicted, amplitudes=amplitudes)
        self._amplitudes = amplitudes[:-1]
        self._weights = np.linalg.solve(_covariance(kernels, amplitudes), residual)

    def log_ms(self, basis: Basis) -> FloatArray:
        """Return log latencies in milliseconds of `m` architectures: `m`."""
        kernel = np.tensordot(self._amplitudes, basis.cross(self._basis), axes=1)
        carried: FloatArray = self._log_line(basis) + kernel @ self._weights
        return carried

    def _log_line(self, basis: Basis) -> FloatArray:
        line: FloatArray = np.log(np.maximum(basis.costs @ self._unit_costs, self._floor))
        return line


def _likeliest(kernels: FloatArray, residual: FloatArray, ranges: FloatArray) -> FloatArray:
    """Return the draw of amplitudes and noise under which the residual is likeliest: `j + 1`."""
    generator = np.random.default_rng(_SEED)
    lowest, highest = np.log(np.maximum(ranges, 1e-30)).T
    drawn = np.exp(lowest + (highest - lowest) * generator.random((DRAWN_COUNT, len(ranges))))
    drawn[:, ranges[:, 1] == 0] = 0.0
    likelihoods = [_log_likelihood(_covariance(kernels, row), residual) for row in drawn]
    best: FloatArray = drawn[int(np.argmax(likelihoods))]
    return best


def _covariance(kernels: FloatArray, amplitudes: FloatArray) -> FloatArray:
    covariance: FloatArray = np.tensordot(amplitudes[:-1], kernels, axes=1)
    covariance[np.diag_indices_from(covariance)] += amplitudes[-1]
    return covariance


def _log_likelihood(covariance: FloatArray, residual: FloatArray) -> float:
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, residual)
    return float(-0.5 * white @ white - np.log(np.diagonal(factor)).sum())
