"""What else is known of a search space where the operators of the device predict: other platforms, and costs."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.operator_prior.space_totals import less_the_level
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

PUBLISHED: Final = "mean of published platforms"
OWN: Final = "mean of earlier devices"
COSTS: Final = "costs"


def errors_of_others(prior: Prior, samples: Samples) -> dict[str, float]:
    """Return the median relative error of the samples by each that there is, alone; nothing below two samples.

    None of them tells how fast the device is: each sample's level is that of all other samples.

    Args:
        prior: Of the default method.
        samples: Of the platform.
    """
    if samples.count < 2:
        return {}
    measured = np.log(samples.latency_ms)
    alone = {name: measured - log_ms for name, log_ms in _log_latencies(prior, samples.choices).items()}
    return {name: float(np.median(np.abs(np.expm1(-less_the_level(error))))) for name, error in alone.items()}


def _log_latencies(prior: Prior, choices: ChoiceArray) -> dict[str, FloatArray]:
    """Return logs of relative latencies: `n x l` to `n` each; platforms count alike."""
    is_own = np.isin(prior.sources.platforms, prior.own_platforms)
    by_platform = np.log(prior.source_latencies(choices))
    found = {
        name: by_platform[:, kept].mean(axis=1) for name, kept in ((PUBLISHED, ~is_own), (OWN, is_own)) if kept.any()
    }
    if prior.cost_models is not None:
        found[COSTS] = np.log(prior.basis(choices).means[:, prior.unsampled_mean])
    return found
