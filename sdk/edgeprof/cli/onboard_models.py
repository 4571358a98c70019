"""`edgeprof onboard --models`: progress and report."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeprof.cli.console import messages, print_facts, styled
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.plain_output import milliseconds, print_json
from edgeprof.cli.progress import JobBar
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.procedure import REPEAT_PLAN, plan_of
from edgeprof_proto.records.measurement import Measurement

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient
    from edgeprof.measuring.goal import Goal
    from edgeprof.operator_models.api import OnboardedModels
    from edgeprof.operator_models.guided_models import NextModel


class ModelProgress(JobBar, ModelOnboardingListener):
    """A bar for all models, and a line on stderr for each whole one."""

    def __init__(self) -> None:
        super().__init__("starting", 1.0)
        self._planned: list[str] = []
        self._total_ms = self._done_ms = 0.0
        self._measured: set[str] = set()

    def on_planned(self, models: list[ModelToMeasure]) -> None:
        """Show how long it will take."""
        self._planned = [model.name for model in models]
        self._extend(models)

    def on_repeated(self, models: list[ModelToMeasure], number: int) -> None:
        """Show that another round begins, and how much longer it will take."""
        self._extend(models)

    def on_model_known(self, model: ModelToMeasure) -> None:
        """Count a model as done."""
        self._advance(model)

    def on_model_started(self, model: ModelToMeasure) -> None:
        """Show what is measured."""
        position = self._planned.index(model.name)
        kind = "probe" if model.is_probe else "model"
        description = f"{kind} {position + 1} of {len(self._planned)}{self._again(model)}"
        self._bar.update(self._task, description=description, detail=model.name)

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        """Print the latency of a whole model."""
        again = self._again(model)
        self._advance(model)
        if not model.is_probe:
            verdict = measurement.verdict.kind.text
            messages.print(f"  {model.name}{again}: {milliseconds(measurement.median_ms)}, {verdict}")

    def on_model_failed(self, model: ModelToMeasure, failure: str) -> None:
        """Print why a model could not be measured."""
        messages.print(styled((f"  {model.name} failed:", "yellow"), f" {failure}"))

    def on_models_fitted(self, model_count: int, error: float | None) -> None:
        """Print how well the models are predicted so far."""
        if error is not None:
            messages.print(f"    expected error {error:.1%}, each of {model_count} models predicted from all others")

    def _again(self, model: ModelToMeasure) -> str:
        return " again" if model.name in self._measured else ""

    def _runs_ms(self, model: ModelToMeasure) -> float:
        plan = (REPEAT_PLAN if model.name in self._measured else plan_of(model)).filled()
        return plan.warmup_duration_ms + plan.timed_duration_ms

    def _extend(self, models: Sequence[ModelToMeasure]) -> None:
        self._total_ms += sum(map(self._runs_ms, models))
        self._bar.update(self._task, total=self._total_ms or 1.0)

    def _advance(self, model: ModelToMeasure) -> None:
        self._done_ms += self._runs_ms(model)
        self._measured.add(model.name)
        self._bar.update(self._task, completed=self._done_ms)


def run(
    client: "DeviceClient",
    models: Sequence[Path],
    added: Sequence[Path],
    setting_values: Mapping[str, Any],
    *,
    output: Path,
    as_json: bool,
    seed: int,
    goal: "Goal | None" = None,
) -> None:
    """Onboard models, or add some to a profile, and print the report.

    Args:
        client: The device.
        models: Whole models that are measured beside the probes.
        added: Models that the profile learns from beside what it knows; where there are any, nothing else is measured.
        setting_values: Values of the options that make a setting.
        output: File of the profile, or a folder.
        as_json: Whether to print JSON.
        seed: Names the session.
        goal: When to stop measuring models; None to measure all.
    """
    from edgeprof.operator_models.api import add_models, onboard_models

    setting = device_setting(client, **setting_values)
    with ModelProgress() as progress:
        if added:
            onboarded = add_models(
                client,
                output,
                added,
                runtime=setting_values["runtime"] or "",
                precision=setting_values["precision"],
                seed=seed,
                listener=progress,
            )
        else:
            onboarded = onboard_models(
                client, models, output=output, setting=setting, goal=goal, seed=seed, listener=progress
            )
    if as_json:
        print_json(models_document(onboarded))
        return
    seconds = onboarded.seconds_by_step
    print_facts("operators of the device", _facts(onboarded))
    print_facts(f"time: {sum(seconds.values()):.1f} s", {name: f"{value:.1f} s" for name, value in seconds.items()})
    path = onboarded.path
    messages.print(f"profile written to {path}: `edgeprof predict {path} MODEL.onnx` says how fast a model runs there")


def _facts(onboarded: "OnboardedModels") -> dict[str, str]:
    model = onboarded.profile.model
    error = model.calibration.median_error
    return {
        "measured": f"{onboarded.probe_count} probes, {onboarded.model_count} models",
        **_left_out(onboarded),
        "failed": ", ".join(onboarded.failed) or "none",
        **({"no graph told of": ", ".join(onboarded.without_graph)} if onboarded.without_graph else {}),
        "learned from": "latencies of whole networks: coarser, since the engine gives no times of operators"
        if onboarded.profile.is_coarse
        else f"{sum(len(network.records) for network in model.networks)} kinds of operators in "
        f"{len(model.networks)} networks",
        "expected error": "not known: three whole models or more tell it (--with)"
        if error is None
        else f"{error:.1%} (median, each measured model predicted from all others)",
        **_host_text(onboarded),
        **({"stopped because": onboarded.stop_reason} if onboarded.stop_reason else {}),
        **({"another model": _next_text(onboarded.next_model, error)} if onboarded.next_model else {}),
    }


def _next_text(found: "NextModel", error: float | None) -> str:
    text = f"{found.name} is known least"
    if found.seconds:
        text += f" and would take about {found.seconds:.0f} s"
    if found.error is not None and error is not None:
        return f"{text}; expected error {found.error:.1%} instead of {error:.1%}"
    return f"{text}; it would narrow the predictions of the others to {found.sd_ratio:.0%} of their width"


def _host_text(onboarded: "OnboardedModels") -> dict[str, str]:
    """What latencies on this host say of the device, where they were measured."""
    opinion = onboarded.profile.second_opinion()
    if opinion is None:
        return {}
    text = f"its own latencies, scaled, miss the device's by {opinion.error:.0%} (median)"
    if not opinion.weight:
        return {"this host": f"{text}: too much to count in predictions"}
    return {"this host": f"{text}: they count with the weight {opinion.weight:.2f} in predictions made here"}


def _left_out(onboarded: "OnboardedModels") -> dict[str, str]:
    """Which probes were left out, where some were."""
    if onboarded.missing_probes:
        return {"no probes": onboarded.missing_probes}
    counts = {"{} probes": len(onboarded.refused_probes), "parts of {} probes": len(onboarded.shortened_probes)}
    texts = [text.format(count) for text, count in counts.items() if count]
    return {"left out": f"{' and '.join(texts)} that cannot be converted for the runtime"} if texts else {}


def models_document(onboarded: "OnboardedModels") -> dict[str, Any]:
    """Return the result for machines.

    Args:
        onboarded: The result.
    """
    return {
        "profile": None if onboarded.path is None else str(onboarded.path),
        "probe_count": onboarded.probe_count,
        "model_count": onboarded.model_count,
        "failed": list(onboarded.failed),
        "without_graph": list(onboarded.without_graph),
        "refused_probes": dict(onboarded.refused_probes),
        "shortened_probes": dict(onboarded.shortened_probes),
        "missing_probes": onboarded.missing_probes,
        "is_coarse": onboarded.profile.is_coarse,
        "expected_error": onboarded.profile.model.calibration.median_error,
        "seconds_by_step": onboarded.seconds_by_step,
        "stop_reason": onboarded.stop_reason,
        "next_model": None if onboarded.next_model is None else dataclasses.asdict(onboarded.next_model),
    }
