"""Outliers among the samples: measured while a phone was busy, or misprinted in a published table."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from edgeprof_predictor.spaces import FloatArray

OUTLIER_SHARE: Final = 0.03
"""Prior share of samples that are outliers."""

OUTLIER_VARIANCE: Final = 0.25
"""Relative variance of an outlier (deviation 50 %)."""

_LOG_ODDS: Final = math.log(OUTLIER_SHARE / (1.0 - OUTLIER_SHARE))


def admit_outliers(covariance: FloatArray, residuals: FloatArray, outlier_variance: FloatArray) -> FloatArray:
    """Treat samples as outliers where that raises the likelihood, separately for each hyper-parameter sample.

    One sample after the other, the one with the largest gain first; their variance is added to the covariance in place.

    Shapes:
        covariance: `h x k x k`.  residuals, outlier_variance: `h x k`.
        returns: `h`, log prior odds of the outliers.
    """
    is_outlier = np.zeros(residuals.shape, dtype=np.bool_)
    undecided = np.arange(len(residuals))
    for _ in range(residuals.shape[1] // 3):
        precision = np.linalg.inv(covariance[undecided])
        pulls = (precision @ residuals[undecided][:, :, None])[:, :, 0]
        growth = 1.0 + outlier_variance[undecided] * np.einsum("hkk->hk", precision)
        gains = 0.5 * pulls**2 * outlier_variance[undecided] / growth - 0.5 * np.log(growth) + _LOG_ODDS
        gains[is_outlier[undecided]] = -np.inf
        worst = gains.argmax(axis=1)
        is_better = gains.max(axis=1) > 0
        undecided, worst = undecided[is_better], worst[is_better]
        is_outlier[undecided, worst] = True
        covariance[undecided, worst, worst] += outlier_variance[undecided, worst]
    log_odds: FloatArray = _LOG_ODDS * is_outlier.sum(axis=1)
    return log_odds
