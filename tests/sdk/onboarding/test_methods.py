"""Onboardings by other methods than the default, with other devices of the user's, and from another space."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import InvalidArgumentError, OnboardingError
from edgeprof.evaluating.known_bundles import bundle_of_space
from edgeprof.onboarding import Goal
from edgeprof.onboarding.own_devices import own_platforms, source_name
from edgeprof.onboarding.report import named_sources
from edgeprof.store import Store
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor import metrics
from edgeprof_predictor.bundle import load_bundle, read_bundle
from edgeprof_predictor.errors import UnknownMethodError
from edgeprof_predictor.methods.default.own_platforms import with_platforms
from edgeprof_predictor.methods.pair_network_method import PairNetworkMethod
from edgeprof_predictor.methods.registered import RegisteredPredictor
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.transfer.onboarding import TransferProfilePredictor

THREE = Goal(sample_count=3)
SPACE = "nasbench201"


@dataclass(frozen=True)
class World:
    """A simulated device, and where its host keeps everything."""

    device: SimulatedDevice
    folder: Path

    def onboard(self, space: str, method: edgeprof.MethodOptions | str, *, name: str = "") -> edgeprof.Onboarded:
        with edgeprof.connect(self.device.address) as client:
            return edgeprof.onboard(
                client,
                space,
                setting=self.device.setting,
                goal=THREE,
                method=method,
                output=self.folder / name if name else None,
                store=self.folder / "store.sqlite3",
            )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with SimulatedDevice(folder / "device") as device:
        yield World(device, folder)


@pytest.fixture(scope="module")
def default(world: World) -> edgeprof.Onboarded:
    """The device on NAS-Bench-201 by the default method."""
    return world.onboard(SPACE, "default", name="default.edgeprof")


@pytest.fixture(scope="module")
def papers(world: World, default: edgeprof.Onboarded) -> Iterator[edgeprof.Onboarded]:
    """The same by the paper's method, trained for a moment, with a device of one's own as source."""
    few = replace(PairNetworkMethod.hyperparameters, source_epochs=3, target_epochs=5, source_learning_rate=0.003)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PairNetworkMethod, "hyperparameters", few)
        options = edgeprof.MethodOptions(
            name="multi-predict", sampler="diversity", compares_methods=True, also=default.profile
        )
        yield world.onboard(SPACE, options, name="papers.edgeprof")


def test_the_papers_method_onboards_a_device_and_its_report_says_so(papers: edgeprof.Onboarded) -> None:
    report = papers.report
    assert isinstance(papers.profile.predictor, RegisteredPredictor)
    assert report.method == papers.profile.provenance["method"] == "multi-predict"
    assert report.source_platform
    assert len(report.samples) == 3
    assert "by the sampler diversity" in report.choice
    assert "predicted from the other samples" in report.interval_origin
    assert report.history[-1].next_error is None
    assert report.error_diagnosis is None
    assert [score.method for score in report.comparison] == ["multi-predict", "default"]


def test_its_profile_is_loaded_predicts_and_verifies_like_any_other(papers: edgeprof.Onboarded, world: World) -> None:
    assert papers.path is not None
    texts = [get_space(SPACE).format(one) for one in get_space(SPACE).sample(5, seed=3)]
    found = edgeprof.predict(papers.path, texts)
    np.testing.assert_allclose(found.latency_ms, papers.profile.predict(texts).latency_ms, rtol=1e-5)
    with edgeprof.connect(world.device.address) as client:
        verified = edgeprof.verify(client, papers.path, count=3, store=world.folder / "store.sqlite3")
    assert verified.sample_count == 3
    assert verified.figures()["unseen_count"] == 3


def test_names_that_stand_for_nothing_are_refused(world: World) -> None:
    with pytest.raises(UnknownMethodError, match="there is no method 'guess'"):
        world.onboard(SPACE, "guess")
    with pytest.raises(OnboardingError, match="onboard --models`, then onboard into the same file without --method"):
        world.onboard(SPACE, "operators")
    with pytest.raises(UnknownMethodError, match="there is no sampler 'dice'"):
        world.onboard(SPACE, edgeprof.MethodOptions(sampler="dice"))
    with pytest.raises(OnboardingError, match="nearest learns from other platforms, and none is known"):
        world.onboard("transnasbench101_micro", "nearest")


def test_a_device_of_ones_own_is_a_source_that_the_report_names(
    default: edgeprof.Onboarded, papers: edgeprof.Onboarded
) -> None:
    own = source_name(default.profile)
    assert papers.profile.predictor.document()["source_platforms"][-1] == own
    method = with_platforms(load_bundle(SPACE).method, {own: default.profile.predictor}, seed=0)
    uses = {use.platform: use for use in named_sources(method.adapt(default.profile.samples, seed=0))}
    assert uses[own].trust < 1.0
    assert len(uses) > 1
    assert not named_sources(papers.profile.predictor)


def test_devices_are_learned_into_a_bundle_with_all_that_is_stored_of_them(
    default: edgeprof.Onboarded, papers: edgeprof.Onboarded, world: World, tmp_path: Path
) -> None:
    store = world.folder / "store.sqlite3"
    learned = edgeprof.learn(default.profile, tmp_path / "own.bundle", store=store)
    (own,) = learned.platforms
    assert own.platform == source_name(default.profile)
    # The verification and the onboarding by the paper's method measured others on the same platform.
    assert own.sample_count > 3
    assert 0 < own.trust < 1
    read = read_bundle(learned.path)
    assert read.card.platforms[-1] == own.platform
    assert len(read.card.platforms) == 28
    assert own.platform in read.card.provenance
    with Store(store) as opened, pytest.raises(InvalidArgumentError, match="two profiles are of"):
        own_platforms([default.profile, papers.profile], SPACE, opened)


def test_a_registered_bundle_is_found_by_its_space(default: edgeprof.Onboarded, own_edgeprof_folders: Path) -> None:
    assert default.path is not None
    done = CliRunner().invoke(command, ["learn", str(default.path), "--register", "--json"], catch_exceptions=False)
    result = json.loads(done.stdout)
    assert Path(result["bundle"]).parent == own_edgeprof_folders / "bundles"
    assert result["own_platforms"][0]["sample_count"] == 3
    found = bundle_of_space(SPACE)
    assert found is not None
    assert found.card.platforms[-1] == source_name(default.profile)


def test_a_device_that_is_known_on_one_space_is_onboarded_on_another(default: edgeprof.Onboarded, world: World) -> None:
    onboarded = world.onboard("fbnet", edgeprof.MethodOptions(from_profile=default.profile), name="default.edgeprof")
    assert isinstance(onboarded.profile.predictor, TransferProfilePredictor)
    assert onboarded.report.method == "transfer default from nasbench201"
    assert onboarded.report.history[-1].next_error is not None
    unseen = get_space("fbnet").sample(8, seed=5)
    truth = world.device.true_latencies_ms(get_space("fbnet"), unseen)
    assert onboarded.path is not None
    file = ProfileFile(onboarded.path)
    assert file.spaces == (SPACE, "fbnet")
    found = file.profile("fbnet").predict(unseen)
    assert metrics.spearman(truth, found.latency_ms) > 0.7
    assert metrics.interval_coverage(truth, found.lower_ms, found.upper_ms) > 0.6


def test_a_profile_of_another_device_or_space_is_no_start(
    default: edgeprof.Onboarded, world: World, tmp_path: Path
) -> None:
    other = Profile(
        predictor=default.profile.predictor,
        platform=dict(default.profile.platform) | {"device_id": "another"},
        provenance={},
    )
    with pytest.raises(OnboardingError, match="name the same device and setting"):
        world.onboard("fbnet", edgeprof.MethodOptions(from_profile=other))
    with pytest.raises(OnboardingError, match="predicts no search space but nasbench201"):
        world.onboard(SPACE, edgeprof.MethodOptions(from_profile=default.profile))
    with pytest.raises(OnboardingError, match="orders its samples itself"):
        edgeprof.MethodOptions(from_profile=default.profile, sampler="random")
    with pytest.raises(InvalidArgumentError, match="name a profile"):
        edgeprof.learn([], tmp_path / "own.bundle")
