"""The default method, and the same without one of its parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.cost_features import CostFeatures
from edgeprof_predictor.methods.default.calibration import calibrate
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import COST_BASED_SHARE, MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.random_cost_models import RandomCostModels
from edgeprof_predictor.methods.sampled import with_sampler
from edgeprof_predictor.methods.sampler_registry import make_sampler
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

DEFAULT: Final = "default"

ABLATIONS: Final = {
    "without the network": "the model alone predicts",
    "row by Spearman's correlation": "the network's row starts from the source of the highest rank correlation",
    "mean row": "the network's row starts from the mean of all rows, without Eq. 1",
    "samples at random": "drawn at random in place of the most informative ones",
    "without the learnt prior": "hyper-parameter samples are not weighed by left-out sources",
    "without random cost models": "no kernel and no mean from random cost models; costs of networks and stages stay",
}


@dataclass(frozen=True, slots=True, eq=False)
class _RememberedSampler(Informative):
    """The default's sampler, which chooses once what several contenders measure.

    Args:
        chosen: What was chosen, by all that the choice depends on.
    """

    chosen: dict[tuple[bytes, bytes, int, int], NDArray[np.int64]] = field(default_factory=dict)

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return distinct indices of candidates, most informative first: `count`."""
        key = (candidates.tobytes(), measured.latency_ms.tobytes(), count, seed)
        if key not in self.chosen:
            self.chosen[key] = Informative.__call__(self, candidates, count, measured=measured, seed=seed)
        return self.chosen[key]


class _RowBySpearman(DefaultMethod):
    """The default whose row starts from the source of the highest rank correlation over the samples."""

    def _nearest(self, samples: Samples) -> tuple[str | None, float]:
        if samples.count < 2:
            return None, float("nan")
        by_sources = self.prior.source_latencies(samples.choices).T
        correlations = [spearman(samples.latency_ms, row) for row in by_sources]
        best = int(np.argmax(correlations))
        return self.platforms[best], correlations[best]


class _MeanRow(DefaultMethod):
    """The default whose row starts from the mean of all rows."""

    def _nearest(self, samples: Samples) -> tuple[str | None, float]:
        return None, float("nan")


class _NoCostModels(RandomCostModels):
    """Takes the place of random cost models, and gives no mean."""

    def mean_latency(self, features: CostFeatures) -> list[FloatArray]:
        """Return no mean."""
        return []


def ablations(default: DefaultMethod, sources: LatencyTable, *, seed: int) -> dict[str, Method]:
    """Return the default without one part each, by the names of `ABLATIONS`.

    The first three measure what the default does. Only the last one is fitted anew; the others keep the default's
    intervals.

    Args:
        default: Fitted; chooses once from now on what the first three measure.
        sources: What it was fitted to.
        seed: Of that fit.
    """
    default.sampler = _RememberedSampler(default.prior, default.hyper_samples)
    flat = HyperparameterSamples.draw(default.prior, seed=seed)
    flat = flat.with_mean_share(default.prior.unsampled_mean, COST_BASED_SHARE)
    parts = (default.prior, default.hyper_samples, default.pretrained, default.calibration)
    with_same_samples = (replace(default, pretrained=None), _RowBySpearman(*parts), _MeanRow(*parts))
    for method in with_same_samples:
        method.sampler = default.sampler
    methods = (
        *with_same_samples,
        with_sampler(DefaultMethod, "random")(default, make_sampler("random", default.space, sources, seed=seed)),
        replace(default, hyper_samples=flat),
        _without_cost_models(default, sources, seed=seed),
    )
    return dict(zip(ABLATIONS, methods, strict=True))


def _without_cost_models(default: DefaultMethod, sources: LatencyTable, *, seed: int) -> DefaultMethod:
    drawn = default.prior.cost_models
    assert drawn is not None  # both spaces know their costs
    none = _NoCostModels(means=drawn.means, constants=drawn.constants, factor=drawn.factor[:, :0])
    prior = replace(default.prior, cost_models=none)
    likelihoods = MarginalLikelihoods.compute(prior, HyperparameterSamples.draw(prior, seed=seed), sources, seed=seed)
    calibration = calibrate(prior, likelihoods, sources, seed=seed)
    return replace(default, prior=prior, hyper_samples=likelihoods.weighed(), calibration=calibration)
