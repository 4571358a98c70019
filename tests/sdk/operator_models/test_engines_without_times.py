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
from edgeprof.operator_models import procedure
from edgeprof.operator_models.prediction import load_operator_profile
from edgeprof.store.platform import Platform
from edgeprof.testing import SimulatedDevice


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("litert", "ncnn")


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


def test_a_folder_of_models_of_litert_makes_a_profile_that_predicts_explains_verifies_and_ranks(
    simulated_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedure, "MODEL_PLAN", procedure.PROBE_PLAN)
    path = _onboarded("litert", simulated_device, tmp_path)
    models = _write("litert", tmp_path / "others", 12, 24, 48)
    device = ("--device", simulated_device.address)

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


def test_a_folder_of_models_of_ncnn_makes_a_profile_that_predicts(
    simulated_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedure, "MODEL_PLAN", procedure.PROBE_PLAN)
    # The probes are converted by pnnx, which tests/converters has.
    monkeypatch.setattr(NcnnExporter, "missing", lambda self: "pnnx missing; install with: pip install ...")
    path = _onboarded("ncnn", simulated_device, tmp_path)
    (model,) = _write("ncnn", tmp_path / "others", 24)
    predicted = CliRunner().invoke(command, ["predict", path, model, "--device", simulated_device.address, "--json"])
    assert predicted.exit_code == 0, predicted.output
    (row,) = json.loads(predicted.stdout)
    assert row["lower_ms"] < row["latency_ms"] < row["upper_ms"] and not row["warning"]

    older = _made_with_another_version(path)
    device = ("--device", simulated_device.address)
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


@pytest.mark.parametrize(
    ("runtime", "reason"), [("litert", "the probe suite is written in ONNX"), ("ncnn", "converted to ncnn by pnnx")]
)
def test_without_probes_and_models_there_is_nothing_to_learn_from(
    runtime: str, reason: str, simulated_device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(NcnnExporter, "missing", lambda self: "pnnx missing; install with: pip install ...")
    asked = ["onboard", "--models", "--runtime", runtime, "--device", simulated_device.address, "-o", str(tmp_path)]
    result = CliRunner().invoke(command, asked)
    assert isinstance(result.exception, OnboardingError)
    assert reason in str(result.exception) and "--with" in str(result.exception)
