from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor._storage import pack, unpack
from edgeprof_predictor.bundle import SCHEMA_VERSION, SHIPPED_FOLDER, Bundle, BundleCard, load_bundle, shipped_bundles
from edgeprof_predictor.errors import BundleError, UnknownSearchSpaceError
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.tables.latency_table import LatencyTable

SIZE_MAX_BYTES = 5_000_000


@pytest.fixture
def folder(tmp_path: Path, method: DefaultMethod) -> Path:
    card = BundleCard(
        space="nasbench201",
        platforms=method.platforms,
        provenance="a test",
        licence="MIT",
        architecture_count=300,
        seed=0,
        hyperparameters={"layer_width": 100},
    )
    Bundle(card=card, method=method).save(tmp_path)
    return tmp_path


def test_a_loaded_bundle_predicts_as_the_saved_one(folder: Path, method: DefaultMethod, world: LatencyTable) -> None:
    loaded = load_bundle("nasbench201", folder=folder)
    assert loaded.card.platforms == method.platforms
    assert loaded.space is method.space
    samples = Samples.of(world.choices[:6], world.latencies_of("unseen_0")[:6])
    expected = method.adapt(samples, seed=0)
    # The loaded bundle fine-tunes as long as the paper does, the method of the test only briefly.
    found = DefaultMethod.from_tensors(method.space, method.platforms, method.tensors(), method.hyperparameters)
    assert np.array_equal(
        found.adapt(samples, seed=0).predict(world.choices).latency_ms, expected.predict(world.choices).latency_ms
    )
    none = Samples.none(method.space)
    assert np.array_equal(
        loaded.method.choose_samples(world.choices, 5, measured=none, seed=0),
        method.choose_samples(world.choices, 5, measured=none, seed=0),
    )


def test_a_bundle_of_the_release_before_still_opens(folder: Path, world: LatencyTable) -> None:
    tensors, document = unpack(folder / "nasbench201.safetensors")
    for name in ("runs_pruned", "calibration.lower_error_log_sds"):
        del tensors[name]
    tensors["calibration.correlation_shifts"] = np.zeros(4)  # which the model's own draws have replaced
    content = pack(tensors, document)
    (folder / "nasbench201.safetensors").write_bytes(content)
    card = json.loads((folder / "nasbench201.json").read_text())
    card |= {"schema_version": 2, "tensors_sha256": hashlib.sha256(content).hexdigest()}
    (folder / "nasbench201.json").write_text(json.dumps(card))
    method = load_bundle("nasbench201", folder=folder).method
    samples = Samples.of(world.choices[:6], world.latencies_of("unseen_0")[:6])
    assert np.all(method.adapt(samples, seed=0).predict(world.choices).latency_ms > 0)


def test_a_flipped_byte_is_noticed(folder: Path) -> None:
    path = folder / "nasbench201.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match="checksum"):
        load_bundle("nasbench201", folder=folder)


def test_another_version_is_refused_with_both_versions(folder: Path) -> None:
    path = folder / "nasbench201.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(BundleError, match=f"version {SCHEMA_VERSION + 1}, this release reads 2 and {SCHEMA_VERSION}"):
        load_bundle("nasbench201", folder=folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema_version": 2}'])
def test_a_damaged_description_is_refused(folder: Path, text: str) -> None:
    (folder / "nasbench201.json").write_text(text)
    with pytest.raises(BundleError, match="is damaged"):
        load_bundle("nasbench201", folder=folder)


def test_missing_tensors_are_named(folder: Path) -> None:
    (folder / "nasbench201.safetensors").unlink()
    with pytest.raises(BundleError, match=r"nasbench201\.safetensors is missing"):
        load_bundle("nasbench201", folder=folder)


@pytest.mark.parametrize("name", ["network.read_encoding.bias", "sources.weights", "calibration.interval_factors"])
def test_a_bundle_without_a_part_is_refused_in_one_sentence(folder: Path, name: str) -> None:
    tensors, document = unpack(folder / "nasbench201.safetensors")
    del tensors[name]
    content = pack(tensors, document)
    (folder / "nasbench201.safetensors").write_bytes(content)
    card = json.loads((folder / "nasbench201.json").read_text())
    card["tensors_sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "nasbench201.json").write_text(json.dumps(card))
    with pytest.raises(BundleError, match="lacks a part of the predictor") as caught:
        load_bundle("nasbench201", folder=folder)
    assert "\n" not in str(caught.value)


def test_a_bundle_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"there is no bundle .* fbnet, nasbench201"):
        load_bundle("fbnet", folder=tmp_path)


@pytest.mark.parametrize("name", ["nasbench101", "nasbench301"])
def test_a_space_that_no_bundle_ships_for_is_answered_with_what_to_do(name: str) -> None:
    with pytest.raises(BundleError, match=rf"no bundle for {name}; shipped ones are for: fbnet, .*; fit one"):
        load_bundle(name)


def test_a_bundle_of_another_space_is_refused(folder: Path) -> None:
    for suffix in (".json", ".safetensors"):
        (folder / f"nasbench201{suffix}").rename(folder / f"fbnet{suffix}")
    with pytest.raises(BundleError, match="for nasbench201, not for fbnet"):
        load_bundle("fbnet", folder=folder)


def test_an_unknown_space_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownSearchSpaceError, match=r"fbnet, .*nasbench201"):
        load_bundle("darts")


@pytest.mark.parametrize("name", ["fbnet", "nasbench201"])
def test_the_shipped_bundle_loads_is_small_and_says_where_it_comes_from(name: str) -> None:
    assert name in shipped_bundles()
    bundle = load_bundle(name)
    assert len(bundle.card.platforms) >= 26
    assert bundle.card.licence == "MIT"
    assert "HELP" in bundle.card.provenance
    assert sum(array.nbytes for array in bundle.method.tensors().values()) < SIZE_MAX_BYTES


def test_arrays_keep_the_names_that_they_have_in_shipped_bundles() -> None:
    for name in shipped_bundles():
        held, _ = unpack(SHIPPED_FOLDER / f"{name}.safetensors")
        assert set(load_bundle(name).method.tensors()) == set(held)
