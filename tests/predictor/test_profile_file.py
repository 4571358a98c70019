"""One file holds what was learned of a device: search spaces and models, each of several settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor._storage import digest_of, pack
from edgeprof_predictor.errors import ProfileError
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.stored import to_parts
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import MODEL_FORMATS, ProfileFile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.tables.latency_table import LatencyTable

HYPER = Hyperparameters.initial()
MODEL = BlendedModel.fit(drawn_networks(HYPER, 3, probes=4, models=4), HYPER)


def platform_of(runtime: str, precision: str = "float32", version: str = "1", device: str = "d1") -> dict[str, str]:
    setting = {"runtime": runtime, "precision": precision, "runtime_version": version}
    name = f"{device}_{runtime}_{precision}"
    return {"name": name, "device_id": device, "device_name": device, "setting": json.dumps(setting)}


def of_models(runtime: str, formats: str, **platform: str) -> OperatorProfile:
    return OperatorProfile(model=MODEL, platform=platform_of(runtime, **platform), provenance={MODEL_FORMATS: formats})


@pytest.fixture
def of_space(method: DefaultMethod, world: LatencyTable) -> Profile:
    samples = Samples.of(world.choices[:8], world.latencies_of("unseen_0")[:8])
    return Profile(predictor=method.adapt(samples, seed=0), platform=platform_of("onnxruntime"), provenance={})


@pytest.fixture
def path(tmp_path: Path, of_space: Profile) -> Path:
    path = tmp_path / "pi.edgeprof"
    of_models("onnxruntime", "onnx").save(path)
    of_space.save(path)
    of_models("litert", "tflite").save(path)
    of_models("onnxruntime", "onnx", precision="int8").save(path)
    return path


def test_a_file_finds_what_is_asked_for(path: Path, of_space: Profile) -> None:
    file = ProfileFile(path)
    assert file.spaces == (of_space.space.name,) and file.predicts_models
    (architecture,) = of_space.space.sample(1, seed=4)
    text = of_space.space.format(architecture)
    assert file.space_of(text) == of_space.space.name and file.space_of("resnet.onnx") is None
    assert file.profile().predict(text).latency_ms == pytest.approx(of_space.predict(text).latency_ms, rel=1e-5)
    assert file.operator_profile().platform["name"] == "d1_onnxruntime_float32"
    assert file.operator_profile("tflite").platform["name"] == "d1_litert_float32"
    assert ProfileFile(path, precision="int8").operator_profile("onnx").platform["name"] == "d1_onnxruntime_int8"
    assert len(file.operator_profiles()) == 3
    with pytest.raises(ProfileError, match=r"predicts .*, not fbnet: onboard"):
        file.profile("fbnet")
    with pytest.raises(ProfileError, match=r"holds nothing of openvino, but of d1_onnxruntime_float32"):
        ProfileFile(path, runtime="openvino")


def test_a_part_replaces_its_predecessor_and_others_stay(path: Path) -> None:
    of_models("onnxruntime", "onnx", version="2").save(path)
    file = ProfileFile(path)
    assert len(file.operator_profiles()) == 3 and file.spaces
    assert '"2"' in file.operator_profile().platform["setting"]


def test_another_devices_file_and_a_damaged_one_are_left_as_they_are(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ProfileError, match="holds profiles of d1, not of d2: name another file"):
        of_models("onnxruntime", "onnx", device="d2").save(path)
    assert path.read_bytes() == before
    path.write_bytes(before[:-50])
    with pytest.raises(ProfileError, match=r"damaged.*delete it first"):
        of_models("onnxruntime", "onnx").save(path)
    assert path.read_bytes() == before[:-50] and list(tmp_path.iterdir()) == [path]


def test_a_file_of_operators_of_an_earlier_release_is_read_and_added_to(tmp_path: Path, of_space: Profile) -> None:
    path = tmp_path / "old.edgeprof"
    tensors, learned = to_parts(MODEL)
    old = {"content": "models", "operators": learned, "platform": platform_of("onnxruntime"), "provenance": {}}
    path.write_bytes(pack(tensors, old | {"sha256": digest_of(tensors, old)}))
    with pytest.raises(ProfileError, match="predicts models and no search space"):
        ProfileFile(path).profile()
    of_space.save(path)
    file = ProfileFile(path)
    assert file.operator_profile().model.networks and file.profile().space.name == of_space.space.name


def test_a_file_of_a_space_alone_says_how_to_add_models(tmp_path: Path, of_space: Profile) -> None:
    of_space.save(tmp_path / "space.edgeprof")
    with pytest.raises(ProfileError, match="onboard --models"):
        ProfileFile(tmp_path / "space.edgeprof").operator_profile()
