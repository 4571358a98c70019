"""Posteriors are weighed by what was observed."""

from __future__ import annotations

import numpy as np
import pytest
from predictor.accuracy.tasks import make_task, sources

from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.features import read_features
from edgeprof_predictor.accuracy.mixture import Mixture
from edgeprof_predictor.accuracy.target import TargetPosterior, without_sources
from edgeprof_predictor.accuracy.task import AccuracyTask, Trained


def posteriors(task: AccuracyTask) -> tuple[TargetPosterior, TargetPosterior]:
    """Return the posterior that uses all sources, and the one that uses none."""
    method = DefaultAccuracy.fit_sources(sources(), seed=0)
    (part,) = method.posteriors
    target = read_features(task.candidates, method.proxies)
    return part.at(target), without_sources(part.scales, target)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_no_posterior_is_scored_on_what_it_or_another_placed(sign: float) -> None:
    task = make_task("river/planes", seed=9)
    whole, alone = posteriors(task)
    indices = np.arange(12)
    trained = Trained(indices=indices, accuracy=sign * task.accuracy[indices])
    first = Mixture(whole=[whole], others=[], alone=[alone]).predict(trained)
    last = Mixture(whole=[alone], others=[], alone=[whole]).predict(trained)
    assert first.mean == pytest.approx(last.mean)
    assert first.sd == pytest.approx(last.sd)


def test_sources_that_order_the_trained_networks_well_get_the_weight_and_those_that_do_not_lose_it() -> None:
    task = make_task("river/planes", seed=9)
    whole, alone = posteriors(task)
    indices = np.arange(12)
    by_sign = []
    for sign in (1.0, -1.0):
        trained = Trained(indices=indices, accuracy=sign * task.accuracy[indices])
        mean = Mixture(whole=[whole], others=[], alone=[alone]).predict(trained).mean
        near_whole = Mixture(whole=[whole], others=[], alone=[whole]).predict(trained).mean
        near_alone = Mixture(whole=[alone], others=[], alone=[alone]).predict(trained).mean
        by_sign.append(float(np.abs(mean - near_whole).mean() - np.abs(mean - near_alone).mean()))
    assert by_sign[0] < 0 < by_sign[1]
