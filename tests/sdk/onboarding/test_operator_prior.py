"""An onboarding of a space on a device whose operators are known, on a real runtime."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sdk.operator_models.conftest import few_probes, simulated_device_runtimes

from edgeprof.cli.main import edgeprof as command
from edgeprof.onboarding import api, found_prior, operator_prior
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.methods.default import operator_mean
from edgeprof_proto.records.job_spec import MeasurementPlan

__all__ = ["few_probes", "simulated_device_runtimes"]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few graphs, and short measurements."""
    monkeypatch.setattr(operator_prior, "GRAPH_COUNT", 12)
    for module in (found_prior, operator_mean):
        monkeypatch.setattr(module, "MIN_PREDICTED_COUNT", 8)
    plan = MeasurementPlan(warmup_duration_ms=20, timed_run_count=5, timed_duration_ms=60, block_count=3)
    monkeypatch.setattr(api, "PLAN", plan)


def _onboard(device: SimulatedDevice, output: Path, *arguments: str) -> Result:
    asked = ["onboard", "--device", device.address, "--runtime", "onnxruntime", "-o", str(output), "--json"]
    return CliRunner().invoke(command, [*asked, *arguments])


def test_operators_in_the_file_of_the_profile_predict_a_space(
    simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "device.edgeprof"
    assert _onboard(simulated_device, path, "--models").exit_code == 0
    # Neither it nor what it is compared with trains a network.
    monkeypatch.setattr(api, "other_method", lambda default, choice, seed: choice)
    done = _onboard(simulated_device, path, "--samples", "3", "--method", "no-sources", "--compare-methods")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert len(told["samples"]) == 3
    assert f"{len(few_probes)} probes and 0 models of this device" in told["operators"]
    assert 0 <= told["mean_shares"]["operators"] <= 1
    with_operators, without = told["comparison"]
    assert with_operators["median_error"] != without["median_error"]
    cell = told["samples"][0][0]
    (predicted,) = json.loads(CliRunner().invoke(command, ["predict", str(path), cell, "--json"]).stdout)
    assert predicted["latency_ms"] == pytest.approx(told["samples"][0][1], rel=0.5)
