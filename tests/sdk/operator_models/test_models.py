"""From probes on a real agent to the latency of a model: onboarding, prediction, explanation, verification, ranking."""

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sdk.operator_models.conftest import take_few_probes
from sdk.operator_models.small_networks import write_model

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.planned import MAX_PROFILED_COUNT, MAX_REPEAT_COUNT
from edgeprof.store.platform import Platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.errors import ProfileError
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_proto.records.measurement import Measurement

CELL = "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"


class Counted(ModelOnboardingListener):
    """Counts what is measured, and may end the host after some."""

    def __init__(self, end_after: int = 1_000) -> None:
        self.names: list[str] = []
        self._end_after = end_after

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        self.names.append(model.name)
        if len(self.names) == self._end_after:
            raise KeyboardInterrupt


@dataclasses.dataclass(frozen=True)
class World:
    """A device whose models were onboarded, and its host's folder as that left it."""

    device: SimulatedDevice
    folder: Path

    @property
    def profile(self) -> Path:
        return self.folder / "device.models.edgeprof"

    @property
    def store(self) -> Path:
        return self.folder / "store.sqlite3"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    models = [write_model(folder / f"own{channels}.onnx", channels) for channels in (8, 24)]
    with SimulatedDevice(folder / "device", runtimes=("simulated", "onnxruntime")) as device:
        world = World(device, folder)
        with pytest.MonkeyPatch.context() as patch, edgeprof.connect(device.address) as client:
            probes = take_few_probes(patch)
            onboarded = edgeprof.onboard_models(client, models, output=world.profile, store=world.store)
        assert onboarded.probe_count == len(probes) and onboarded.model_count == 2 and not onboarded.failed
        for path in (world.profile, world.store):
            shutil.copy(path, path.with_suffix(".kept"))
        yield world


@pytest.fixture
def profile(world: World, few_probes: list[str], own_edgeprof_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profile of the world's device; the host keeps what it kept right after the onboarding."""
    monkeypatch.setenv("EDGEPROF_STORE", str(world.store))
    for path in (world.profile, world.store):
        shutil.copy(path.with_suffix(".kept"), path)
    return world.profile


def test_a_model_is_predicted_explained_verified_and_ranked(profile: Path, world: World, tmp_path: Path) -> None:
    models = [str(write_model(tmp_path / f"new{channels}.onnx", channels)) for channels in (16, 32, 48)]
    device = ("--device", world.device.address)

    predicted = CliRunner().invoke(command, ["predict", str(profile), models[0], "--json"])
    assert predicted.exit_code == 0, predicted.output
    (row,) = json.loads(predicted.stdout)
    assert row["lower_ms"] < row["latency_ms"] < row["upper_ms"] and row["costliest"]
    assert "on this host" in row["warning"]
    assert row["peak_memory_lower_bytes"] < row["peak_memory_bytes"] < row["peak_memory_upper_bytes"]
    assert 0 < row["model_memory_bytes"] < row["peak_memory_bytes"]

    picture = tmp_path / "explained.png"
    explained = CliRunner().invoke(
        command, ["explain", str(profile), models[0], *device, "--picture", str(picture), "--json"]
    )
    assert explained.exit_code == 0, explained.output
    document = json.loads(explained.stdout)
    assert sum(one["share"] for one in document["operators"]) == pytest.approx(1)
    assert sum(layer["time_ms"] for layer in document["layers"]) == pytest.approx(document["latency_ms"])
    assert document["layers"][0]["class"] == "convolution"
    assert picture.stat().st_size > 10_000

    verified = CliRunner().invoke(command, ["verify", str(profile), *models, *device, "--json"])
    assert verified.exit_code == 0, verified.output
    told = json.loads(verified.stdout)
    assert told["unseen_count"] == 3
    # Small networks are mostly what the engine takes for any.
    assert told["peak_memory_median_ape"] < 0.2
    assert told["architectures"][0]["memory"]["measured_bytes"] > 20_000_000
    shown = CliRunner().invoke(command, ["verify", str(profile), *models, *device])
    assert "peak memory" in shown.stdout and "MiB" in shown.stdout, shown.output

    ranked = CliRunner().invoke(command, ["rank", *models, "--profile", str(profile), *device, "--json"])
    assert ranked.exit_code == 0, ranked.output
    order = json.loads(ranked.stdout)["models"]
    assert order[0]["is_measured"] and order[0]["latency_ms"] == min(item["latency_ms"] for item in order)

    # The store knows where the newest profile of this device is.
    with edgeprof.connect(world.device.address) as client:
        assert edgeprof.rank_models(client, models).is_predicted
        profile.unlink()
        assert not edgeprof.rank_models(client, models[:1]).is_predicted


def test_changes_of_a_model_are_predicted_beside_it(profile: Path, tmp_path: Path) -> None:
    held = ProfileFile(profile).operator_profile()
    platform = Platform.from_facts(held.platform)
    for change in ({"thread_count": 2}, {"precision": "int8"}):
        other = dataclasses.replace(platform, setting=dataclasses.replace(platform.setting, **change))
        dataclasses.replace(held, platform=other.facts()).save(profile)
    model, smaller = write_model(tmp_path / "scoped.onnx", 64, "/body/0/"), write_model(tmp_path / "smaller.onnx", 8)
    picture = tmp_path / "scoped.png"
    asked = ["explain", str(profile), str(model), "--picture", str(picture), "--depth", "2"]
    told = CliRunner().invoke(
        command, [*asked, "--what-if", "--variant", "batch=8", "--variant", str(smaller), "--json"]
    )
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert [group["name"] for group in document["groups"]] == ["body/0", ""]
    by_change = {one["change"]: one for one in document["what_if"]["variants"]}
    assert list(by_change) == ["batch=8", "smaller.onnx", "2 threads", "int8"]
    assert by_change["batch=8"]["saved_ms"] < 0 < by_change["smaller.onnx"]["saved_ms"]
    assert by_change["2 threads"]["latency_ms"] > 0
    assert "the file computes in float32" in by_change["int8"]["failure"]
    convolution = next(one for one in document["what_if"]["operators"] if one["halved_ms"] is not None)
    assert convolution["removed_ms"] > 0 and picture.stat().st_size > 10_000
    table = CliRunner().invoke(command, [*asked[:3], "--what-if"])
    assert table.exit_code == 0 and "what if" in table.output and "half the channels" in table.output


def test_an_onboarding_that_was_cut_off_measures_nothing_twice(
    simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        before, after = Counted(end_after=2), Counted()
        with pytest.raises(KeyboardInterrupt):
            edgeprof.onboard_models(client, listener=before)
        onboarded = edgeprof.onboard_models(client, listener=after, output=tmp_path / "here.edgeprof")
    counts = Counter([*before.names, *after.names])
    assert min(counts.values()) >= 2
    assert max(counts.values()) <= MAX_PROFILED_COUNT + MAX_REPEAT_COUNT, "one more where the profile was disturbed"
    assert onboarded.probe_count == len(few_probes)
    again = ProfileFile(tmp_path / "here.edgeprof").operator_profile()
    assert {network.name for network in again.model.networks} <= set(few_probes)


def test_a_model_that_is_added_is_learned_from(profile: Path, world: World, tmp_path: Path) -> None:
    added = write_model(tmp_path / "added.onnx", 40)
    asked = ["onboard", "--models", "--add", str(added), "-o", str(profile), "--device", world.device.address]
    result = CliRunner().invoke(command, [*asked, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["model_count"] == 3 and document["expected_error"] is not None
    assert "added.onnx" in {network.name for network in ProfileFile(profile).operator_profile().model.networks}


def test_a_model_that_cannot_be_loaded_says_why_and_others_are_predicted(profile: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x08\x08" + bytes(100))
    fine = write_model(tmp_path / "fine.onnx")
    result = CliRunner().invoke(command, ["predict", str(profile), str(damaged), str(fine)])
    assert result.exit_code == 1
    assert "damaged.onnx is not predicted" in result.output and "Traceback" not in result.output
    assert "fine.onnx" in result.stdout


def test_a_torch_module_is_exported_and_predicted(profile: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("import torch\n\n\ndef make():\n    return torch.nn.Conv2d(3, 8, 3)\n")
    result = CliRunner().invoke(
        command, ["predict", str(profile), f"{source}:make", "--shape", "input=1x3x32x32", "--json"]
    )
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)
    assert row["model"] == "mine.py:make" and row["latency_ms"] > 0


def test_one_file_holds_models_and_search_spaces(profile: Path, world: World, tmp_path: Path) -> None:
    goal = edgeprof.Goal(sample_count=3)
    with edgeprof.connect(world.device.address) as client:
        edgeprof.onboard(client, "nasbench201", setting=world.device.setting, goal=goal, output=profile)
    model = write_model(tmp_path / "new.onnx")
    result = CliRunner().invoke(command, ["predict", str(profile), CELL, str(model), "--json"])
    assert result.exit_code == 0, result.output
    of_cell, of_model = json.loads(result.stdout)
    assert of_cell["architecture"] == CELL and of_cell["latency_ms"] > 0
    assert of_model["model"] == "new.onnx" and of_model["latency_ms"] > 0
    result = CliRunner().invoke(command, ["predict", str(profile), "absent.onnx"])
    assert result.exit_code == 1 and "absent.onnx" in result.output
    result = CliRunner().invoke(command, ["predict", str(profile), str(model), "--runtime", "openvino"])
    assert isinstance(result.exception, ProfileError) and "holds nothing of openvino" in str(result.exception)


def test_profiles_of_spaces_and_of_models_are_not_mistaken_for_each_other(profile: Path) -> None:
    with pytest.raises(ProfileError, match="onboard"):
        edgeprof.predict(profile, "a|b")
    result = CliRunner().invoke(command, ["onboard", "--models", "--samples", "3", "--device", "127.0.0.1:1"])
    assert result.exit_code == 2 and "--samples belongs to search spaces" in result.output
    result = CliRunner().invoke(command, ["onboard", "--with", "m.onnx", "--device", "127.0.0.1:1"])
    assert result.exit_code == 2 and "--models" in result.output


def test_a_damaged_profile_is_refused_in_one_sentence(profile: Path) -> None:
    content = bytearray(profile.read_bytes())
    content[-40] ^= 1
    profile.write_bytes(content)
    with pytest.raises(ProfileError, match=r"damaged.*onboard again"):
        ProfileFile(profile).operator_profile()
