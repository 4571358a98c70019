"""Models are measured until a goal is reached, those first of which least is known."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sdk.operator_models.small_networks import write_model

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.measuring.goal import Goal
from edgeprof.operator_models.guided_models import ModelStatus, reason_to_stop
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.measurement import Measurement


def status(**values: float | None) -> ModelStatus:
    defaults = {"model_count": 4, "open_count": 3, "error": 0.1, "elapsed_s": 50.0, "seconds_per_model": 6.0}
    return ModelStatus(**{**defaults, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("goal", "reached", "words"),
    [
        (Goal(target_error=0.1), status(), "within the target of 10.0%"),
        (Goal(target_error=0.09), status(), None),
        (Goal(target_error=0.09), status(error=None), None),
        (Goal(target_error=0.09), status(open_count=0), "measured all 4 models"),
        (Goal(budget_s=55.0), status(), "another model of 6 s would exceed the budget of 55 s"),
        (Goal(budget_s=57.0), status(), None),
        (Goal(budget_s=40.0), status(model_count=0, seconds_per_model=0.0), "the probes took 50 s of the budget"),
        (Goal(sample_count=4, target_error=0.01), status(), "the most that were asked for"),
    ],
)
def test_a_goal_ends_the_measuring_and_the_reason_says_which(goal: Goal, reached: ModelStatus, words: str) -> None:
    reason = reason_to_stop(goal, reached)
    assert (reason is None) if words is None else (reason is not None and words in reason)


class Noting(ModelOnboardingListener):
    def __init__(self, end_after: int = 100) -> None:
        self.models: list[str] = []
        self._end_after = end_after

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        if not model.is_probe:
            self.models.append(model.name)
            if len(self.models) == self._end_after:
                raise KeyboardInterrupt


def test_models_are_measured_until_the_target_is_reached_also_after_an_interruption(
    simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    for channels in (8, 16, 24, 32, 40):
        (tmp_path / "mine").mkdir(exist_ok=True)
        write_model(tmp_path / "mine" / f"own{channels}.onnx", channels)
    # Any error of three models is within this target.
    goal, before, after = Goal(sample_count=200, target_error=0.999), Noting(end_after=2), Noting()
    path = tmp_path / "device.edgeprof"
    with edgeprof.connect(simulated_device.address) as client:
        with pytest.raises(KeyboardInterrupt):
            edgeprof.onboard_models(client, [tmp_path / "mine"], goal=goal, output=path, listener=before)
        onboarded = edgeprof.onboard_models(client, [tmp_path / "mine"], goal=goal, output=path, listener=after)
    assert onboarded.model_count == 3 and "within the target" in onboarded.stop_reason
    assert len({*before.models, *after.models}) == 3 and not onboarded.failed
    found = onboarded.next_model
    assert found is not None and found.name not in {*before.models, *after.models}
    assert found.seconds > 0 and found.error is not None and 0 < found.sd_ratio < 1.5


@pytest.mark.parametrize("option", [("--target-error", "5%"), ("--budget", "3m")])
def test_a_goal_needs_models_to_choose_from(option: tuple[str, str]) -> None:
    result = CliRunner().invoke(command, ["onboard", "--models", *option, "--device", "127.0.0.1:1"])
    assert result.exit_code == 2 and "models of --with" in result.output
