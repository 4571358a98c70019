"""LiteRT and ncnn: real files in real engines, learned from by latencies of whole networks alone."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sdk.operator_models.mobile_networks import WRITERS

from edgeprof.cli.main import edgeprof as command
from edgeprof.operator_models import procedure
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.profile_file import ProfileFile


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("litert", "ncnn")


def _write(runtime: str, folder: Path, *channels: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    write, suffix = WRITERS[runtime]
    return [str(write(folder / f"net{count}.{suffix}", count)) for count in channels]


@pytest.mark.parametrize("runtime", ["litert", "ncnn"])
def test_a_folder_of_models_makes_a_coarser_profile_that_predicts_explains_verifies_and_ranks(
    runtime: str, simulated_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedure, "MODEL_PLAN", procedure.PROBE_PLAN)
    path = tmp_path / "device.edgeprof"
    _write(runtime, tmp_path / "mine", 8, 16, 64)
    models = _write(runtime, tmp_path / "others", 12, 24, 48)
    device = ("--device", simulated_device.address)
    asked = ["onboard", "--models", "--runtime", runtime, "--with", str(tmp_path / "mine"), "-o", str(path), *device]
    onboarded = CliRunner().invoke(command, asked)
    assert onboarded.exit_code == 0, onboarded.output
    assert "latencies of whole networks: coarser" in onboarded.output
    profile = ProfileFile(path).operator_profile()
    assert profile.is_coarse and len(profile.model.networks) == 3

    predicted = CliRunner().invoke(command, ["predict", str(path), *models, "--json"])
    assert predicted.exit_code == 0, predicted.output
    rows = json.loads(predicted.stdout)
    assert all(row["lower_ms"] < row["latency_ms"] < row["upper_ms"] for row in rows)
    assert all("on this host" in row["warning"] for row in rows)

    explained = CliRunner().invoke(command, ["explain", str(path), models[0], *device, "--json"])
    assert explained.exit_code == 0, explained.output
    assert {layer["class"] for layer in json.loads(explained.stdout)["layers"]} >= {"convolution", "global pooling"}

    verified = CliRunner().invoke(command, ["verify", str(path), *models, *device, "--json"])
    assert verified.exit_code == 0, verified.output
    assert json.loads(verified.stdout)["unseen_count"] == 3

    ranked = CliRunner().invoke(command, ["rank", *models, "--profile", str(path), *device, "--json"])
    assert ranked.exit_code == 0, ranked.output
    assert json.loads(ranked.stdout)["models"][0]["is_measured"]
