"""Samplers by name, made for one search space and its sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from edgeprof_predictor.encodings import Vec
from edgeprof_predictor.errors import EncodingError, UnknownMethodError
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.source_regression import SourceRegressions, design_matrix
from edgeprof_predictor.samplers.base import Sampler
from edgeprof_predictor.samplers.diverse import Diverse
from edgeprof_predictor.samplers.random_sampler import RandomSampler
from edgeprof_predictor.samplers.stratified import Score, Stratified, flops_of, parameters_of
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable


def typical_latency_of(space: CategoricalSpace, sources: LatencyTable) -> Score:
    """Return the latency on the source platform that correlates best with the others on average.

    A regression of the source predicts it, since candidates need not be in its table.
    """
    correlation = np.atleast_2d(np.corrcoef(np.log(sources.latency_ms)))
    typical = sources.platforms[int(correlation.mean(axis=1).argmax())]
    feature_map = FeatureMap(space)
    regression = SourceRegressions.fit(feature_map, sources.select([typical]))

    def score(choices: ChoiceArray) -> FloatArray:
        latencies: FloatArray = regression.predict(design_matrix(feature_map, feature_map.describe(choices)))[:, 0]
        return latencies

    return score


def informative_by(space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Informative:
    """Return the default method's sampler, with its prior fitted to the sources."""
    feature_map = FeatureMap(space)
    prior = Prior.of(feature_map, SourceRegressions.fit(feature_map, sources), seed=seed)
    return Informative(prior, HyperparameterSamples.draw(prior, seed=seed))


_SAMPLERS: Final[dict[str, Callable[[CategoricalSpace, LatencyTable | None, int], Sampler]]] = {
    "diversity": lambda space, sources, seed: Diverse(Vec(space)),
    "flops": lambda space, sources, seed: Stratified(flops_of(space)),
    "informative": lambda space, sources, seed: informative_by(space, _known(sources), seed=seed),
    "latency": lambda space, sources, seed: Stratified(typical_latency_of(space, _known(sources))),
    "parameters": lambda space, sources, seed: Stratified(parameters_of(space)),
    "random": lambda space, sources, seed: RandomSampler(),
}

SAMPLER_NAMES: Final = tuple(sorted(_SAMPLERS))

COST_SAMPLER_NAMES: Final = ("flops", "parameters")
"""Samplers that work only on a search space that knows the costs of its architectures."""


def make_sampler(name: str, space: CategoricalSpace, sources: LatencyTable | None, *, seed: int) -> Sampler:
    """Return the sampler of this name.

    Args:
        name: One of `SAMPLER_NAMES`.
        space: The search space.
        sources: Latencies of the source platforms; None where there are none.
        seed: Of random choices in making it.

    Raises:
        UnknownMethodError: If no sampler has this name.
        EncodingError: If it needs costs and the space knows none, or sources and there are none.
    """
    check_sampler_name(name)
    return _SAMPLERS[name](space, sources, seed)


def check_sampler_name(name: str) -> None:
    """Refuse a name that no sampler has.

    Raises:
        UnknownMethodError: If it is unknown, with the known ones.
    """
    if name not in _SAMPLERS:
        raise UnknownMethodError(f"there is no sampler {name!r}; the known ones are {', '.join(SAMPLER_NAMES)}")


def _known(sources: LatencyTable | None) -> LatencyTable:
    if sources is None:
        raise EncodingError("the sampler needs latencies of other platforms, and none are known: name another one")
    return sources
