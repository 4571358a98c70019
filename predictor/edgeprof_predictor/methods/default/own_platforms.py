"""Platforms that were onboarded become sources of the default method, beside those that it was fitted to.

Of such a platform a few architectures were measured. Its latency anywhere is what its own predictor says, with an error
that the same predictor states. That error makes it a noisy source: the trust in it is the share of its variance over
the search space that is not error, 1 for a source that was measured everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.tables.latency_table import LatencyTable

OWN_SEED: Final = 1
"""Of the amplitudes of the kernel of own platforms."""


def with_platforms(method: DefaultMethod, predictors: Mapping[str, ProfilePredictor], *, seed: int) -> DefaultMethod:
    """Return the default method with more sources.

    A source of the same name is replaced. Where the method knew no source, its hyper-parameters are drawn anew, there
    is no network, and intervals keep the broad width.

    Args:
        method: As it was fitted, not yet `for_pruned_graphs`.
        predictors: Of the platforms, by name.
        seed: Of what is drawn.

    Raises:
        EncodingError: If a predictor is of another search space or has no sample.
    """
    for name, predictor in predictors.items():
        if predictor.space.name != method.space.name or not predictor.samples.count:
            raise EncodingError(
                f"{name} is known on {predictor.space.name} from {predictor.samples.count} samples; a source of "
                f"{method.space.name} needs samples of that space"
            )
    feature_map, pretrained = method.prior.feature_map, method.pretrained
    # A network whose input does not reach its output runs nothing: it has no latency to learn from.
    choices = feature_map.space_sample_choices[feature_map.space_sample.is_connected]
    predictions = [predictor.predict(choices) for predictor in predictors.values()]
    table = LatencyTable(
        platforms=tuple(predictors), choices=choices, latency_ms=np.stack([one.latency_ms for one in predictions])
    )
    trust = np.array([explained_share(one) for one in predictions])
    kept = method.prior.sources.without(table.platforms)
    sources = kept.joined(SourceRegressions.fit(feature_map, table, trust=trust))
    own = tuple(name for name in method.prior.own_platforms if name in kept.platforms)
    prior = Prior(feature_map, sources, method.prior.cost_models, own_platforms=(*own, *table.platforms))
    if pretrained is not None:
        one_hot = method.space.one_hot(method.space.pruned(choices))
        pretrained = pretrained.with_platforms(table.platforms, one_hot, np.log(table.latency_ms), seed=seed)
    hyper_samples = method.hyper_samples if method.platforms else HyperparameterSamples.draw(prior, seed=seed)
    if method.platforms and not method.prior.own_platforms:
        hyper_samples = hyper_samples.with_kernel(prior, "own", seed=OWN_SEED)
    return replace(method, prior=prior, hyper_samples=hyper_samples, pretrained=pretrained)


def explained_share(prediction: Prediction) -> float:
    """Return the share of the variance of log latency over some architectures that is not the predictor's error."""
    variance, error = float(np.log(prediction.latency_ms).var()), float(np.mean(prediction.log_sd**2))
    return variance / (variance + error) if variance > 0 else math.ulp(1.0)
