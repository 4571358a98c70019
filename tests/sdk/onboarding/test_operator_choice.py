"""An onboarding of a space on a device whose operators are known, on a real runtime."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sdk.operator_models.conftest import few_probes, simulated_device_runtimes

from edgeprof.cli.main import edgeprof as command
from edgeprof.evaluating.known_bundles import is_known_bundle
from edgeprof.onboarding import api, operator_choice
from edgeprof.onboarding.method_choice import MethodOptions
from edgeprof.onboarding.operator_choice import known_level
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.operator_prior.method import UNKNOWN_LEVEL
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_proto.records.job_spec import MeasurementPlan

__all__ = ["few_probes", "simulated_device_runtimes"]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few graphs, and short measurements."""
    monkeypatch.setattr(operator_choice, "GRAPH_COUNT", 12)
    plan = MeasurementPlan(warmup_duration_ms=20, timed_run_count=5, timed_duration_ms=60, block_count=3)
    monkeypatch.setattr(api, "PLAN", plan)


def _onboard(device: SimulatedDevice, output: Path, *arguments: str) -> Result:
    asked = ["onboard", "--device", device.address, "--runtime", "onnxruntime", "-o", str(output)]
    return CliRunner().invoke(command, [*asked, *arguments])


def test_operators_in_the_file_of_the_profile_predict_a_space(
    simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "device.edgeprof"
    assert _onboard(simulated_device, path, "--models").exit_code == 0
    done = _onboard(simulated_device, path, "--samples", "3", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["method"] == "operators"
    assert len(told["samples"]) == 3
    assert f"{len(few_probes)} probes and 0 models of this device" in told["operators"]
    assert set(told["contributions"]) >= {"operators of the device", "level of the space"}
    assert set(told["others"]) == {"mean of published platforms", "costs"}
    cell = told["samples"][0][0]
    (predicted,) = json.loads(CliRunner().invoke(command, ["predict", str(path), cell, "--json"]).stdout)
    assert predicted["latency_ms"] == pytest.approx(told["samples"][0][1], rel=0.5)

    # Another space of the device starts from the level of this one.
    (profile,) = ProfileFile(path).operator_profiles()
    assert known_level(path, profile, "nasbench201") == UNKNOWN_LEVEL
    assert known_level(path, profile, "fbnet").sd < UNKNOWN_LEVEL.sd


@pytest.mark.parametrize(
    "options",
    [
        MethodOptions(name="no-sources"),
        MethodOptions(sampler="diversity"),
        MethodOptions(also="other.edgeprof"),
        MethodOptions(from_profile="other.edgeprof"),
    ],
)
def test_what_is_chosen_predicts_in_place_of_the_operators(options: MethodOptions) -> None:
    assert MethodOptions().chooses_nothing
    assert not options.chooses_nothing


def test_the_bundle_that_a_space_has_anyway_is_no_choice_of_another_method() -> None:
    # A fleet loads it once, and hands it to the onboarding of each device.
    shipped = load_bundle("nasbench201")
    assert is_known_bundle("nasbench201", None) and is_known_bundle("nasbench201", shipped)
    other = replace(shipped, card=replace(shipped.card, seed=shipped.card.seed + 1))
    assert not is_known_bundle("nasbench201", other)
