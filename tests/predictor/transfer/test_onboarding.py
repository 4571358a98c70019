"""A device that is known on NAS-Bench-201, onboarded on FBNet by what the shipped bundles say of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.transfer.onboarding import TransferOnboarding, make_transfer

NEW = "raspi4"
TARGET = load_bundle("fbnet").method.prior
SOURCE = load_bundle("nasbench201").method.prior


def onboarding(name: str) -> TransferOnboarding:
    table = SOURCE.source_table()
    assert table is not None
    names = [one for one in table.platforms if one in TARGET.sources.platforms and one != NEW]
    return make_transfer(
        name,
        table.select((*names, NEW)),
        NEW,
        source_space=SOURCE.feature_map.space,
        target=TARGET.feature_map,
        sources=TARGET.sources.select(names),
        seed=0,
    )


@pytest.fixture(scope="module")
def default() -> TransferOnboarding:
    return onboarding("default")


def truth(choices: ChoiceArray) -> FloatArray:
    """What the device takes: as its regression says, at a speed of its own."""
    latency_ms: FloatArray = 3.0 * TARGET.source_latencies(choices)[:, TARGET.sources.platforms.index(NEW)]
    return latency_ms


def chosen(method: TransferOnboarding, count: int) -> Samples:
    space = TARGET.feature_map.space
    candidates = np.concatenate([method.fixed_choices, space.sample_choices(50, seed=1)])
    rows = method.choose_samples(candidates, count, measured=Samples.none(space), seed=0)
    assert len(set(rows.tolist())) == count
    return Samples.of(candidates[rows], truth(candidates[rows]))


def test_a_few_samples_are_enough_where_the_other_space_is_known(default: TransferOnboarding) -> None:
    predictor = default.adapt(chosen(default, 5), seed=0)
    unseen = TARGET.feature_map.space.sample_choices(200, seed=7)
    found, measured = predictor.predict(unseen), truth(unseen)
    assert metrics.spearman(measured, found.latency_ms) > 0.95
    assert metrics.median_ape(measured, found.latency_ms) < 0.05
    assert metrics.interval_coverage(measured, found.lower_ms, found.upper_ms) > 0.85
    assert predictor.expectation.lower < metrics.median_ape(measured, found.latency_ms) < predictor.expectation.upper
    candidates = TARGET.feature_map.space.sample_choices(50, seed=3)
    assert predictor.estimates_gain
    assert 0 < predictor.error_after(candidates, 1) <= predictor.expected_error


@pytest.mark.parametrize("name", ["default", "ridge-half", "equal"])
def test_its_profile_predicts_what_it_did_before_it_was_saved(
    name: str, default: TransferOnboarding, tmp_path: Path
) -> None:
    method = default if name == "default" else onboarding(name)
    predictor = method.adapt(chosen(method, 4), seed=0)
    Profile(predictor=predictor, platform={"device_id": "a"}, provenance={}).save(tmp_path / "a.edgeprof")
    loaded = ProfileFile(tmp_path / "a.edgeprof").profile().predictor
    unseen = TARGET.feature_map.space.sample_choices(30, seed=7)
    before, after = predictor.predict(unseen), loaded.predict(unseen)
    np.testing.assert_allclose(after.latency_ms, before.latency_ms, rtol=1e-6)
    np.testing.assert_allclose(after.upper_ms, before.upper_ms, rtol=1e-6)
    assert loaded.expected_error == pytest.approx(predictor.expected_error)


def test_samples_follow_the_order_of_the_method_and_go_on_from_what_is_measured(default: TransferOnboarding) -> None:
    first, more = chosen(default, 3), chosen(default, 5)
    assert np.array_equal(more.choices[:3], first.choices)
    rest = default.fixed_choices[3:]
    rows = default.choose_samples(rest, 2, measured=first, seed=0)
    assert np.array_equal(rest[rows], more.choices[3:])


def test_more_samples_join_those_of_the_profile(default: TransferOnboarding) -> None:
    predictor = default.adapt(chosen(default, 3), seed=0)
    unseen = TARGET.feature_map.space.sample_choices(20, seed=9)
    assert predictor.joined(Samples.of(unseen, truth(unseen))).samples.count == 23
