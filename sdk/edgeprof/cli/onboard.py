"""`edgeprof onboard`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from edgeprof.cli.console import messages, milliseconds, print_facts, print_json, print_table
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.parameters import (
    DEFAULT_SPACE,
    Count,
    Duration,
    Percentage,
    calibration_option,
    device_option,
    json_option,
    seed_option,
    setting_options,
)

if TYPE_CHECKING:
    from edgeprof.onboarding import Goal, OnboardingReport


@click.command()
@device_option
@click.option("--space", help="Search space.  [default: that of --bundle, else nasbench201]")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Predictor that `edgeprof fit` has written.  [default: the space's own]",
)
@setting_options
@click.option("--samples", type=Count(3, 200), help="Networks to measure at most.  [default: 10]")
@click.option("--target-error", type=Percentage(), help="Stop once the median error is expected below, as 5%.")
@click.option("--budget", type=Duration(), help="Stop before measuring takes longer than this, as 3m.")
@calibration_option
@click.option("--models", is_flag=True, help="Measure operators instead, so that any model can be predicted.")
@click.option(
    "--with",
    "with_models",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="MODEL",
    help="With --models: measure this model too; may be given again.",
)
@click.option(
    "--add",
    "added",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="MODEL",
    help="With --models: let the profile --output learn from this model, and measure nothing else; may be given again.",
)
@seed_option("Seed of candidates and order.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path(),
    help="File of the profile, or a folder; what else a file holds of the device stays.  "
    "[default: PLATFORM.SPACE.edgeprof here]",
)
@json_option
def onboard(
    address: str,
    space: str | None,
    bundle: Path | None,
    samples: int | None,
    target_error: float | None,
    budget: float | None,
    calibration: Path | None,
    models: bool,
    with_models: tuple[Path, ...],
    added: tuple[Path, ...],
    seed: int,
    output: Path,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Measure a few networks on a device and adapt a predictor of all others to it.

    Interrupted, the same command goes on where it stopped.
    """
    import edgeprof

    if models:
        goal = _goal_of_models(target_error, budget, has_choice=bool(with_models) and not added)
        from edgeprof.cli import onboard_models

        with edgeprof.connect(address) as client:
            onboard_models.run(
                client, with_models, added, setting_values, output=output, as_json=as_json, seed=seed, goal=goal
            )
        return
    if with_models or added:
        raise click.UsageError("--with and --add name models to measure with --models; give it too")
    from edgeprof.cli.session_progress import SessionProgress
    from edgeprof.onboarding.goal import DEFAULT_SAMPLE_COUNT, MAX_SAMPLE_COUNT
    from edgeprof.onboarding.procedure import PLAN
    from edgeprof_predictor.bundle import read_bundle

    open_ended = target_error is not None or budget is not None
    most = (MAX_SAMPLE_COUNT if open_ended else DEFAULT_SAMPLE_COUNT) if samples is None else samples
    goal = edgeprof.Goal(sample_count=most, target_error=target_error, budget_s=budget)
    read = None if bundle is None else read_bundle(bundle)
    with edgeprof.connect(address) as client, SessionProgress(most, PLAN) as progress:
        onboarded = edgeprof.onboard(
            client,
            space or (DEFAULT_SPACE if read is None else read.card.space),
            bundle=read,
            setting=device_setting(client, **setting_values),
            goal=goal,
            output=output,
            seed=seed,
            calibration=calibration,
            listener=progress,
        )
    report, path = onboarded.report, onboarded.path
    if as_json:
        print_json({"profile": str(path), **dataclasses.asdict(report), "measuring_share": report.measuring_share})
        return
    print_report(report)
    messages.print(f"profile written to {path}: `edgeprof predict {path} ARCHITECTURE` needs neither device nor store")


def _goal_of_models(target_error: float | None, budget_s: float | None, *, has_choice: bool) -> "Goal | None":
    """Return when enough models are measured, None to measure all; refuse what belongs to search spaces."""
    _require_no_space()
    if target_error is None and budget_s is None:
        return None
    if not has_choice:
        raise click.UsageError("--target-error and --budget choose among the models of --with; name some")
    from edgeprof.onboarding.goal import MAX_SAMPLE_COUNT, Goal

    return Goal(sample_count=MAX_SAMPLE_COUNT, target_error=target_error, budget_s=budget_s)


def _require_no_space() -> None:
    """Refuse options that only an onboarding of a search space has."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    names = [
        name for name in ("space", "bundle", "samples", "calibration") if context.get_parameter_source(name) is given
    ]
    if names:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in names)
        raise click.UsageError(f"{flags} belongs to search spaces; leave it out with --models")


def print_report(report: "OnboardingReport") -> None:
    """Print the samples, the figures and the times of an onboarding."""
    latencies = [latency_ms for _, latency_ms, _ in report.samples]
    _print_samples(report)
    print_facts(
        f"{report.platform}, {report.space}",
        {
            "samples": f"{len(latencies)}, {milliseconds(min(latencies))} to {milliseconds(max(latencies))}"
            + f"; {report.disturbed_count} measured more than twice, {report.unconverged_count} not converged",
            "anchor": f"measured again {report.anchor_check_count} times",
            "failed": f"{len(report.failures)}" if report.failures else "none",
            "hardware embedding from": _source_text(report),
            "chosen": report.choice,
            "error by sample": ", ".join(f"{status.expected.error:.1%}" for status in report.history),
            "final status": str(report.history[-1]),
            "stopped because": report.stop_reason,
            **({"causes of the error": str(report.error_diagnosis)} if report.error_diagnosis else {}),
        },
    )
    total_s = sum(report.seconds_by_step.values())
    print_facts(
        f"time: {total_s:.1f} s, {report.measuring_share:.0%} of it in warm-up and timed runs",
        {name: f"{seconds:.1f} s" for name, seconds in report.seconds_by_step.items()},
    )


def _source_text(report: "OnboardingReport") -> str:
    if not report.has_sources:
        return "none: no platform is known that this space was measured on; the prior is costs alone"
    if not report.source_platform:
        return "the mean of all sources: two samples are needed to tell which is like this device"
    return (
        f"{report.source_platform}, the best correlated of all sources over the samples "
        f"({report.source_correlation:.2f})"
    )


def _print_samples(report: "OnboardingReport") -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("sample", "measured", "estimate"):
        table.add_column(heading, no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for number, (architecture, latency_ms, is_converged) in enumerate(report.samples, start=1):
        name = "1 (anchor)" if number == 1 else str(number)
        table.add_row(name, milliseconds(latency_ms), "converged" if is_converged else "not converged", architecture)
    print_table(table)
