"""LiteRT and ncnn: real files in real engines, learned from by latencies of whole networks alone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sdk.operator_models.mobile_networks import WRITERS

from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import EdgeprofError, OnboardingError
from edgeprof.exporters.ncnn import NcnnExporter
from edgeprof.exporters.onnx_to_tflite import conversion
from edgeprof.folders import default_model_folder
from edgeprof.operator_models import procedure, tflite_probes
from edgeprof.operator_models.prediction import load_operator_profile
from edgeprof.store.platform import Platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.operators.probes import suite as probe_suite

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("litert", "ncnn")


@pytest.fixture
def no_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No form of the probe suite can be written: what a profile is learned from are models alone."""
    monkeypatch.setattr(NcnnExporter, "missing", lambda self: "pnnx missing; install with: pip install ...")
    monkeypatch.setattr(conversion, "missing", lambda: "ai-edge-litert is missing; install it with: pip install ...")


def _write(runtime: str, folder: Path, *channels: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    write, suffix = WRITERS[runtime]
    return [str(write(folder / f"net{count}.{suffix}", count)) for count in channels]


def _onboarded(runtime: str, device: SimulatedDevice, folder: Path) -> str:
    path = folder / "device.edgeprof"
    _write(runtime, folder / "mine", 8, 16, 64)
    asked = ["onboard", "--models", "--runtime", runtime, "--with", str(folder / "mine"), "-o", str(path)]
    onboarded = CliRunner().invoke(command, [*asked, "--device", device.address])
    assert onboarded.exit_code == 0, onboarded.output
    assert "latencies of whole networks: coarser" in onboarded.output and "no probes" in onboarded.output
    profile = load_operator_profile(path)
    assert profile.is_coarse and len(profile.model.networks) == 3
    return str(path)


@pytest.mark.usefixtures("no_probes")
def test_a_folder_of_models_of_litert_makes_a_profile_that_predicts_explains_verifies_and_ranks(
    shared_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedure, "MODEL_PLAN", procedure.PROBE_PLAN)
    path = _onboarded("litert", shared_device, tmp_path)
    models = _write("litert", tmp_path / "others", 12, 24, 48)
    device = ("--device", shared_device.address)

    explained = CliRunner().invoke(command, ["explain", path, models[0], "--json"])
    assert explained.exit_code == 0, explained.output
    document = json.loads(explained.stdout)
    assert document["lower_ms"] < document["latency_ms"] < document["upper_ms"]
    assert "on this host" in document["warning"]
    assert {layer["class"] for layer in document["layers"]} >= {"convolution", "global pooling"}

    verified = CliRunner().invoke(command, ["verify", path, *models, *device, "--json"])
    assert verified.exit_code == 0, verified.output
    assert json.loads(verified.stdout)["unseen_count"] == 3

    ranked = CliRunner().invoke(command, ["rank", *models, "--profile", path, *device, "--json"])
    assert ranked.exit_code == 0, ranked.output
    assert json.loads(ranked.stdout)["models"][0]["is_measured"]


@pytest.mark.usefixtures("no_probes")
def test_a_folder_of_models_of_ncnn_makes_a_profile_that_predicts(
    shared_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedure, "MODEL_PLAN", procedure.PROBE_PLAN)
    path = _onboarded("ncnn", shared_device, tmp_path)
    (model,) = _write("ncnn", tmp_path / "others", 24)
    predicted = CliRunner().invoke(command, ["predict", path, model, "--device", shared_device.address, "--json"])
    assert predicted.exit_code == 0, predicted.output
    (row,) = json.loads(predicted.stdout)
    assert row["lower_ms"] < row["latency_ms"] < row["upper_ms"] and not row["warning"]

    older = _made_with_another_version(path)
    device = ("--device", shared_device.address)
    predicted = CliRunner().invoke(command, ["predict", older, model, *device, "--json"])
    assert "made with ncnn 0.1, the device now runs" in json.loads(predicted.stdout)[0]["warning"]
    verified = CliRunner().invoke(command, ["verify", older, model, *device])
    assert isinstance(verified.exception, EdgeprofError) and "onboard the device again" in str(verified.exception)


def _made_with_another_version(path: str) -> str:
    """Write the profile as one that was made with version 0.1 of its runtime; return its file."""
    profile = load_operator_profile(path)
    platform = Platform.from_facts(profile.platform)
    older = replace(platform, setting=replace(platform.setting, runtime_version="0.1"))
    replace(profile, platform=older.facts()).save(f"{path}.older")
    return f"{path}.older"


@pytest.mark.usefixtures("no_probes")
@pytest.mark.parametrize(
    ("runtime", "reason"), [("litert", "written as .tflite files"), ("ncnn", "converted to ncnn by pnnx")]
)
def test_without_probes_and_models_there_is_nothing_to_learn_from(
    runtime: str, reason: str, shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    asked = ["onboard", "--models", "--runtime", runtime, "--device", shared_device.address, "-o", str(tmp_path)]
    result = CliRunner().invoke(command, asked)
    assert isinstance(result.exception, OnboardingError)
    assert reason in str(result.exception) and "--with" in str(result.exception)
    result = CliRunner().invoke(command, [*asked, "--precision", "int8"])
    assert isinstance(result.exception, OnboardingError) and f"not quantised for {runtime}" in str(result.exception)


def test_probes_alone_make_a_profile_of_litert_that_predicts(
    shared_device: SimulatedDevice, few_probes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, device = str(tmp_path / "device.edgeprof"), ("--device", shared_device.address)
    asked = ["onboard", "--models", "--runtime", "litert", "-o", path, *device, "--json"]
    onboarded = CliRunner().invoke(command, asked)
    assert onboarded.exit_code == 0, onboarded.output
    result = json.loads(onboarded.stdout)
    assert result["probe_count"] == len(few_probes) and result["is_coarse"] and not result["failed"]
    assert not result["refused_probes"] and not result["missing_probes"]
    (model,) = _write("litert", tmp_path / "others", 24)
    predicted = CliRunner().invoke(command, ["predict", path, model, *device, "--json"])
    assert predicted.exit_code == 0, predicted.output
    (row,) = json.loads(predicted.stdout)
    assert 0 < row["lower_ms"] < row["latency_ms"] < row["upper_ms"]

    # What is written is kept: no probe is converted again.
    monkeypatch.setattr(tflite_probes, "convert", None)
    again = tflite_probes.tflite_probes(default_model_folder())
    assert [probe.name for probe in again.models] == few_probes


def test_probes_of_tflite_say_which_of_them_and_which_parts_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [probe for probe in probe_suite.suite() if probe.name in ("recurrent-gru_narrow", "pooling-others")]
    monkeypatch.setattr(probe_suite, "suite", lambda: iter(chosen))
    found = tflite_probes.tflite_probes(tmp_path)
    assert [probe.name for probe in found.models] == ["pooling-others"]
    assert found.refusals == {"recurrent-gru_narrow": "TensorFlow Lite has no built-in operator for GRU"}
    assert found.shortened == {"pooling-others": "TensorFlow Lite has no built-in pooling of volumes"}
    assert tflite_probes.tflite_probes(tmp_path) == found
