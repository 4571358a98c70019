"""Constants of the default method tried on sources alone: each family of sources left out in turn is the new one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import Final
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor import metrics
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default import (
    hyperparameter_samples,
    hyperprior,
    informative_design,
    posterior,
    random_cost_models,
)
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.platform_families import families
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

PRESENT: Final = "as it is"

CHECKED_COUNT: Final = 400
"""Architectures of a left-out source that are predicted; the others are candidates for samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A constant of the method and other values of it.

    Args:
        name: In its module.
        modules: Those that read it.
        others: Values that are tried in its place.
    """

    name: str
    modules: tuple[ModuleType, ...]
    others: tuple[object, ...]

    @property
    def present(self) -> object:
        """The value of the method."""
        return getattr(self.modules[0], self.name)


CONSTANTS: Final = (
    Constant(name="COST_BASED_SHARE", modules=(hyperprior,), others=(0.25, 0.75)),
    Constant(name="LEARNED_SHARE", modules=(hyperprior,), others=(0.0, 0.25, 0.75)),
    Constant(name="KEPT_COUNT", modules=(posterior,), others=(24, 96)),
    Constant(name="PLAUSIBLE_CORRELATION", modules=(posterior,), others=(0.3, 0.8)),
    Constant(name="OUTLIER_VARIANCE", modules=(posterior,), others=(0.0625, 1.0)),
    Constant(name="_LOG_ODDS", modules=(posterior,), others=(-4.2, -2.8)),
    Constant(name="ASSUMED_NOISE", modules=(informative_design,), others=(0.0025, 0.04)),
    Constant(name="SCALE_VARIANCE", modules=(hyperparameter_samples, informative_design), others=(0.15, 0.6)),
    Constant(name="SHARE_CONCENTRATION", modules=(random_cost_models,), others=(0.35, 1.4)),
    Constant(name="EFFICIENCY_SD", modules=(random_cost_models,), others=(0.25, 1.0)),
    Constant(name="OVERHEAD_MAX", modules=(random_cost_models,), others=(0.25, 1.0)),
)
"""Those on which figures may depend; each is halved and doubled, or moved within its range."""


def values() -> Iterator[tuple[str, Constant | None, object]]:
    """Yield the method as it is, then each constant with each other value, by a name for the rows."""
    yield PRESENT, None, None
    for constant in CONSTANTS:
        for other in constant.others:
            yield f"{constant.name} = {other}", constant, other


def score_with(
    space: CategoricalSpace,
    sources: LatencyTable,
    counts: tuple[int, ...],
    constant: Constant | None,
    value: object,
    *,
    seed: int,
) -> list[Row]:
    """Leave out each family of sources, and score the model on its members with a constant changed.

    The network takes no part: it would have to be trained for each family.
    """
    with ExitStack() as stack:
        for module in constant.modules if constant else ():
            stack.enter_context(patch.object(module, constant.name, value))
        return list(_left_out_rows(space, sources, counts, seed=seed))


def _left_out_rows(
    space: CategoricalSpace, sources: LatencyTable, counts: tuple[int, ...], *, seed: int
) -> Iterator[Row]:
    feature_map = FeatureMap(space)
    prior = Prior.of(feature_map, SourceRegressions.fit(feature_map, sources), seed=seed)
    likelihoods = MarginalLikelihoods.compute(prior, HyperparameterSamples.draw(prior, seed=seed), sources, seed=seed)
    order = np.random.default_rng(seed).permutation(len(sources.choices))
    checked, candidates = sources.subset(order[:CHECKED_COUNT]), sources.subset(order[CHECKED_COUNT:])
    for family in families(sources):
        sampler = Informative(prior.without(family), likelihoods.weighed(without=family))
        for platform in family:
            chosen: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
            samples = Samples.none(space)
            for count in counts:
                rest = np.setdiff1d(np.arange(len(candidates.choices)), chosen)
                added = sampler(candidates.choices[rest], count - len(chosen), measured=samples, seed=seed)
                chosen = np.concatenate([chosen, rest[added]])
                samples = Samples.of(candidates.choices[chosen], candidates.latencies_of(platform)[chosen])
                found = Posterior.infer(sampler.prior, sampler.hyper_samples, samples)
                predicted, _ = found.predict(sampler.prior.basis(checked.choices))
                actual = checked.latencies_of(platform)
                yield {
                    "platform": platform,
                    "family": family[0],
                    "sample_count": count,
                    "seed": seed,
                    "spearman": metrics.spearman(actual, predicted),
                    "median_ape": metrics.median_ape(actual, predicted),
                }
