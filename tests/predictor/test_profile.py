from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor._storage import digest_of, pack, unpack
from edgeprof_predictor.errors import ArchitectureError, ProfileError
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.tables.latency_table import LatencyTable

PREDICT_ELSEWHERE = """
import json, pathlib, sys
import edgeprof_predictor.bundle
edgeprof_predictor.bundle.SHIPPED_FOLDER = pathlib.Path("nowhere")
from edgeprof_predictor.profile_file import ProfileFile
profile = ProfileFile(sys.argv[1]).profile()
prediction = profile.predict(json.loads(sys.argv[2]))
print(json.dumps([prediction.latency_ms.tolist(), prediction.upper_ms.tolist(), dict(profile.platform)]))
"""


@pytest.fixture
def profile(method: DefaultMethod, world: LatencyTable) -> Profile:
    samples = Samples.of(world.choices[:8], world.latencies_of("unseen_0")[:8])
    return Profile(predictor=method.adapt(samples, seed=0), platform={"board": "pi"}, provenance={"agent": "localhost"})


def test_a_profile_predicts_the_same_in_another_process_without_bundles(
    tmp_path: Path, profile: Profile, world: LatencyTable
) -> None:
    path = tmp_path / "pi.edgeprof"
    profile.save(path)
    texts = [profile.space.format(one) for one in profile.space.architectures(world.choices[:20])]
    output = subprocess.run(
        [sys.executable, "-c", PREDICT_ELSEWHERE, str(path), json.dumps(texts)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    latency_ms, upper_ms, platform = json.loads(output)
    expected = profile.predict(texts)
    assert latency_ms == pytest.approx(expected.latency_ms.tolist(), rel=1e-5)
    assert upper_ms == pytest.approx(expected.upper_ms.tolist(), rel=1e-5)
    assert platform == {"board": "pi"}


def test_a_loaded_profile_knows_what_the_saved_one_knew(tmp_path: Path, profile: Profile) -> None:
    profile.save(tmp_path / "pi.edgeprof")
    loaded = ProfileFile(tmp_path / "pi.edgeprof").profile()
    assert np.array_equal(loaded.samples.choices, profile.samples.choices)
    assert np.array_equal(loaded.samples.latency_ms, profile.samples.latency_ms)
    assert loaded.source_platform == profile.source_platform
    assert loaded.source_correlation == profile.source_correlation
    assert loaded.expected_error == pytest.approx(profile.expected_error)
    assert dict(loaded.provenance) == {"agent": "localhost"}


def test_texts_and_architectures_are_the_same_question(profile: Profile) -> None:
    architectures = profile.space.sample(5, seed=1)
    texts = [profile.space.format(one) for one in architectures]
    assert np.array_equal(profile.predict(texts).latency_ms, profile.predict(architectures).latency_ms)


def test_an_unknown_architecture_is_refused(profile: Profile) -> None:
    with pytest.raises(ArchitectureError, match="a right one is"):
        profile.predict(["resnet50"])


def test_a_missing_profile_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="onboard"):
        ProfileFile(tmp_path / "pi.edgeprof").profile()


def test_a_flipped_byte_is_noticed_wherever_it_is(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "pi.edgeprof"
    profile.save(path)
    content = path.read_bytes()
    header_length = 8 + int.from_bytes(content[:8], "little")
    for position in [*range(0, header_length, 40), *range(header_length, len(content), len(content) // 20)]:
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ProfileError) as caught:
            ProfileFile(path).profile()
        assert "\n" not in str(caught.value)


def test_a_network_of_another_size_is_refused_in_one_sentence(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "pi.edgeprof"
    profile.save(path)
    tensors, document = unpack(path)
    del document["sha256"]
    tensors["0.network.read_encoding.bias"] = tensors["0.network.read_encoding.bias"][:-1]
    path.write_bytes(pack(tensors, document | {"sha256": digest_of(tensors, document)}))
    with pytest.raises(ProfileError, match="size mismatch") as caught:
        ProfileFile(path).profile()
    assert "\n" not in str(caught.value)


def test_a_profile_cut_short_is_noticed(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "pi.edgeprof"
    profile.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ProfileError, match="damaged"):
        ProfileFile(path).profile()


def test_another_version_is_refused_with_both_versions(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "pi.edgeprof"
    profile.save(path)
    tensors, document = unpack(path)
    path.write_bytes(pack(tensors, document | {"schema_version": 99}))
    with pytest.raises(ProfileError, match="version 99, this release reads 2, 3, 4"):
        ProfileFile(path).profile()


def write_as_version_2(path: Path) -> None:
    """Write a profile's file as an earlier release did: one space alone, without what came later."""
    tensors, document = unpack(path)
    named = {name.removeprefix("0."): array for name, array in tensors.items()}
    kept = {name: array for name, array in named.items() if name != "runs_pruned" and "calibration" not in name}
    (part,) = document["parts"]
    old = {name: part[name] for name in ("platform", "provenance")} | part["document"]
    old |= {"schema_version": 2, "space": part["subject"]}
    path.write_bytes(pack(kept, old | {"sha256": digest_of(kept, old)}))


def test_a_profile_of_the_release_before_predicts_as_it_did(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "pi.edgeprof"
    profile.save(path)
    write_as_version_2(path)
    loaded, unseen = ProfileFile(path).profile(), profile.space.sample(30, seed=2)
    before, after = profile.predict(unseen), loaded.predict(unseen)
    assert after.latency_ms == pytest.approx(before.latency_ms, rel=1e-5)
    assert after.upper_ms == pytest.approx(before.upper_ms, rel=1e-5)
    # More samples are learned from, at the calibration that the file holds.
    more = Samples.of(profile.space.choices(unseen), before.latency_ms)
    joined = loaded.predictor.joined(more)
    assert joined.samples.count == profile.samples.count + 30
    assert joined.interval_factor == loaded.predictor.interval_factor


def test_a_profile_of_what_runs_on_a_device_describes_pruned_graphs_when_loaded(
    tmp_path: Path, method: DefaultMethod, world: LatencyTable
) -> None:
    samples = Samples.of(world.choices[:8], world.latencies_of("unseen_0")[:8])
    predictor = method.for_pruned_graphs().adapt(samples, seed=0)
    Profile(predictor=predictor, platform={}, provenance={}).save(tmp_path / "pi.edgeprof")
    loaded = ProfileFile(tmp_path / "pi.edgeprof").profile()
    assert np.array_equal(loaded.samples.choices, samples.choices)
    choices = method.space.sample_choices(60, seed=3)
    assert loaded.predictor.predict(choices).latency_ms == pytest.approx(predictor.predict(choices).latency_ms)
    as_run = loaded.predictor.predict(method.space.pruned(choices)).latency_ms
    assert np.array_equal(loaded.predictor.predict(choices).latency_ms, as_run)


def test_a_device_profile_of_the_release_that_counted_no_operations_predicts_as_it_did(
    tmp_path: Path, method: DefaultMethod, world: LatencyTable
) -> None:
    prior = method.prior
    before = Prior(prior.feature_map, prior.sources, prior.cost_models, runs_pruned=True)
    samples = Samples.of(world.choices[:8], world.latencies_of("unseen_0")[:8])
    predictor = DefaultMethod(
        before, method.hyper_samples, method.pretrained, method.calibration, method.hyperparameters
    ).adapt(samples, seed=0)
    assert "counts_operations" not in predictor.tensors()
    Profile(predictor=predictor, platform={}, provenance={}).save(tmp_path / "pi.edgeprof")
    choices = method.space.sample_choices(60, seed=3)
    found = ProfileFile(tmp_path / "pi.edgeprof").profile().predictor.predict(choices)
    assert found.latency_ms == pytest.approx(predictor.predict(choices).latency_ms)


def test_a_profile_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, profile: Profile) -> None:
    blocked = tmp_path / "pi.edgeprof"
    blocked.mkdir()
    (blocked / "file").touch()
    with pytest.raises(OSError, match="it is a folder; name a file"):
        profile.save(blocked)
    assert [path.name for path in tmp_path.iterdir()] == ["pi.edgeprof"]


def test_arrays_keep_the_names_that_they_have_in_profiles_of_earlier_releases(profile: Profile) -> None:
    names = {name.partition(".")[0] for name in profile.predictor.tensors()}
    assert names == {
        "reference_choices", "runs_pruned", "calibration", "sources", "prices", "hypotheses",
        "network", "row", "log_mean", "log_sd",
        "network_weight",
        "interval_factor", "expected_error", "source_correlation", "samples",
    }  # fmt: skip
