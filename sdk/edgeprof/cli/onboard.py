"""`edgeprof onboard`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import messages
from edgeprof.cli.device_options import devices_option
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.onboarding_report import print_report
from edgeprof.cli.parameters import (
    DEFAULT_SPACE,
    Count,
    Duration,
    Percentage,
    calibration_option,
    json_option,
    seed_option,
    setting_options,
)
from edgeprof.cli.plain_output import print_json

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.onboarding import Goal, Onboarded

SETTING_NAMES = ("runtime", "provider", "precision", "threads", "batch", "options")
"""Parameters of `setting_options`."""

SPACE_OPTIONS = {
    "space": "--space",
    "bundle": "--bundle",
    "method_name": "--method",
    "sampler": "--sampler",
    "compares_methods": "--compare-methods",
    "also": "--also",
    "from_profile": "--from",
    "samples": "--samples",
    "calibration": "--calibration",
}
"""Parameters that only an onboarding of a search space has, with their options."""


@click.command()
@devices_option
@click.option("--space", help="Search space.  [default: that of --bundle, else nasbench201]")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Predictor that `edgeprof fit` has written.  [default: the space's own]",
)
@click.option(
    "--method",
    "method_name",
    metavar="NAME",
    help="Method that predicts, with --from a transfer; an unknown one is answered with all.  [default: the operators "
    "of the device where the file --output holds them, else default]",
)
@click.option("--sampler", metavar="NAME", help="What chooses the networks to measure.  [default: the method's own]")
@click.option(
    "--compare-methods",
    "compares_methods",
    is_flag=True,
    help="Compare the method with the default, or the default with the paper's, on the same samples.",
)
@click.option(
    "--also",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PROFILE",
    help="Learn from this device of your own, too; may be given again.",
)
@click.option(
    "--from",
    "from_profile",
    type=click.Path(path_type=Path),
    metavar="PROFILE",
    help="Start from what this profile of the device says of another search space.",
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
    help="File of the profile, or a folder; what else a file holds of the device stays. Of several devices, the folder "
    "of NAME.edgeprof.  [default: PLATFORM.SPACE.edgeprof here]",
)
@json_option
def onboard(
    devices: "list[NamedDevice]",
    target_error: float | None,
    budget: float | None,
    models: bool,
    with_models: tuple[Path, ...],
    added: tuple[Path, ...],
    seed: int,
    output: Path,
    as_json: bool,
    **values: Any,
) -> None:
    """Measure a few networks on a device and adapt a predictor of all others to it; on several devices at once.

    Interrupted, the same command goes on where it stopped.
    """
    if models:
        goal = _goal_of_models(target_error, budget, has_choice=bool(with_models) and not added)
        setting_values = {name: values[name] for name in SETTING_NAMES}
        how: dict[str, Any] = {"output": output, "as_json": as_json, "seed": seed, "goal": goal}
        _onboard_models(devices, with_models, added, setting_values, **how)
        return
    if with_models or added:
        raise click.UsageError("--with and --add name models to measure with --models; give it too")
    setting_values = {name: values.pop(name) for name in SETTING_NAMES}
    most, options = _space_options(target_error, budget, **values)
    options |= {"output": output, "seed": seed}
    if len(devices) > 1:
        from edgeprof.cli.onboard_fleet import onboard_on

        onboard_on(devices, most, setting_values, as_json=as_json, **options)
        return
    onboarded = _onboard_space(devices[0].address, most, setting_values, **options)
    report, path = onboarded.report, onboarded.path
    if as_json:
        print_json({"profile": str(path), **dataclasses.asdict(report), "measuring_share": report.measuring_share})
        return
    print_report(report)
    messages.print(f"profile written to {path}: `edgeprof predict {path} ARCHITECTURE` needs neither device nor store")


def _space_options(
    target_error: float | None,
    budget: float | None,
    *,
    samples: int | None,
    space: str | None,
    bundle: Path | None,
    method_name: str | None,
    sampler: str | None,
    compares_methods: bool,
    also: tuple[Path, ...],
    from_profile: Path | None,
    calibration: Path | None,
) -> tuple[int, dict[str, Any]]:
    """Return how many networks are measured at most, and the arguments of `edgeprof.onboard`."""
    import edgeprof
    from edgeprof.measuring.goal import DEFAULT_SAMPLE_COUNT, MAX_SAMPLE_COUNT
    from edgeprof_predictor.bundle import read_bundle

    open_ended = target_error is not None or budget is not None
    most = (MAX_SAMPLE_COUNT if open_ended else DEFAULT_SAMPLE_COUNT) if samples is None else samples
    read = None if bundle is None else read_bundle(bundle)
    return most, {
        "space": space or (DEFAULT_SPACE if read is None else read.card.space),
        "bundle": read,
        "method": edgeprof.MethodOptions(
            name=method_name,
            sampler=sampler,
            compares_methods=compares_methods,
            also=also,
            from_profile=from_profile,
        ),
        "goal": edgeprof.Goal(sample_count=most, target_error=target_error, budget_s=budget),
        "calibration": calibration,
    }


def _onboard_space(address: str, most: int, setting_values: dict[str, Any], **options: Any) -> "Onboarded":
    import edgeprof
    from edgeprof.cli.session_progress import SessionProgress
    from edgeprof.onboarding.procedure import PLAN

    with edgeprof.connect(address) as client, SessionProgress(most, PLAN) as progress:
        setting = device_setting(client, **setting_values)
        return edgeprof.onboard(client, setting=setting, listener=progress, **options)


def _onboard_models(
    devices: "list[NamedDevice]",
    models: tuple[Path, ...],
    added: tuple[Path, ...],
    setting_values: dict[str, Any],
    **options: Any,
) -> None:
    """Onboard models on one device, or on several at once; a profile that learns from further ones is of one device."""
    if len(devices) == 1:
        import edgeprof
        from edgeprof.cli import onboard_models

        with edgeprof.connect(devices[0].address) as client:
            onboard_models.run(client, models, added, setting_values, **options)
    elif added:
        raise click.UsageError("--add takes one device, that of the profile; name it by --device")
    else:
        from edgeprof.cli.onboard_models_fleet import onboard_models_on

        onboard_models_on(devices, models, setting_values, **options)


def _goal_of_models(target_error: float | None, budget_s: float | None, *, has_choice: bool) -> "Goal | None":
    """Return when enough models are measured, None to measure all; refuse what belongs to search spaces."""
    _require_no_space()
    if target_error is None and budget_s is None:
        return None
    if not has_choice:
        raise click.UsageError("--target-error and --budget choose among the models of --with; name some")
    from edgeprof.measuring.goal import MAX_SAMPLE_COUNT, Goal

    return Goal(sample_count=MAX_SAMPLE_COUNT, target_error=target_error, budget_s=budget_s)


def _require_no_space() -> None:
    """Refuse options that only an onboarding of a search space has."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    names = [flag for name, flag in SPACE_OPTIONS.items() if context.get_parameter_source(name) is given]
    if names:
        flags = ", ".join(names)
        raise click.UsageError(f"{flags} belongs to search spaces; leave it out with --models")
