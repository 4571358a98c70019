"""`edgeprof verify`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeprof.arguments import MAX_NETWORK_COUNT
from edgeprof.cli.console import console, messages, plain_table, print_table
from edgeprof.cli.device_options import device_option
from edgeprof.cli.parameters import (
    Count,
    calibration_option,
    json_option,
    seed_option,
)
from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_json
from edgeprof.cli.profile_options import profile_setting_options
from edgeprof.cli.resources_text import mebibytes

if TYPE_CHECKING:
    from edgeprof.measuring.verification import Verification
    from edgeprof_predictor.profile_file import ProfileFile


@click.command()
@click.argument("profile", type=click.Path(path_type=Path))
@click.argument("models", nargs=-1, type=click.Path(path_type=Path), metavar="[MODEL|FOLDER]...")
@device_option
@click.option("--count", type=Count(3, MAX_NETWORK_COUNT), default=20, show_default=True, help="Networks to measure.")
@click.option("--space", default="", help="Search space to verify, where PROFILE predicts several.")
@profile_setting_options
@calibration_option
@seed_option("Seed that draws them.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the plot; its ending chooses the format.  [default: PROFILE.png]",
)
@json_option
def verify(
    profile: Path,
    models: tuple[Path, ...],
    address: str,
    count: int,
    space: str,
    runtime: str,
    precision: str,
    calibration: Path | None,
    seed: int,
    picture: Path | None,
    as_json: bool,
) -> "Verification":
    """Measure networks that were no samples of PROFILE, and compare them with what it predicts.

    With models or folders of them named, measure these and compare them with what its profile of models predicts.
    """
    import edgeprof
    from edgeprof.plots.figure_file import check_picture
    from edgeprof.plots.verification_plot import draw_verification

    path = picture or profile.with_suffix(".png")
    check_picture(path, inputs=[profile])
    file = edgeprof.ProfileFile(profile, runtime=runtime, precision=precision)
    if models:
        verification = _of_models(file, models, address, seed)
    elif not file.spaces:
        raise click.UsageError("PROFILE predicts models: name models to measure, or a folder that holds them")
    else:
        verification = _of_space(file, space, address, count, seed, calibration)
    if as_json:
        rows = [dataclasses.asdict(item) for item in verification.architectures]
        print_json({**verification.figures(), "architectures": rows, "picture": str(path)})
    else:
        _print_table(verification)
        console.print(verification.sentence(), soft_wrap=True)
    messages.print(f"plot: {draw_verification(verification, path)}")
    return verification


def _of_space(
    file: "ProfileFile", space: str, address: str, count: int, seed: int, calibration: Path | None
) -> "Verification":
    import edgeprof
    from edgeprof.cli.session_progress import SessionProgress
    from edgeprof_proto.records.job_spec import MeasurementPlan

    loaded = file.profile(space)
    # The anchor is measured as well.
    with edgeprof.connect(address) as client, SessionProgress(count + 1, MeasurementPlan()) as progress:
        return edgeprof.verify(client, loaded, count=count, seed=seed, calibration=calibration, listener=progress)


def _of_models(file: "ProfileFile", models: tuple[Path, ...], address: str, seed: int) -> "Verification":
    import edgeprof
    from edgeprof.cli.onboard_models import ModelProgress

    file.operator_profile()
    with edgeprof.connect(address) as client, ModelProgress() as progress:
        return edgeprof.verify_models(client, file, models, seed=seed, listener=progress)


def _print_table(verification: "Verification") -> None:

    table = plain_table()
    for heading, width in (("measured", 9), ("predicted", 9), ("90 % interval", 18), ("error", 7)):
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    has_memory = any(item.memory is not None for item in verification.architectures)
    for heading in ("peak memory", "predicted") if has_memory else ():
        table.add_column(heading, justify="right", no_wrap=True, min_width=9)
    table.add_column("architecture", overflow="ellipsis", no_wrap=True)
    for item in sorted(verification.architectures, key=lambda item: item.measured_ms):
        memory = (
            []
            if not has_memory
            else ["", ""]
            if item.memory is None
            else [mebibytes(item.memory.measured_bytes), mebibytes(item.memory.predicted_bytes)]
        )
        is_inside = item.lower_ms <= item.measured_ms <= item.upper_ms
        table.add_row(
            milliseconds(item.measured_ms),
            milliseconds(item.predicted_ms),
            milliseconds_between(item.lower_ms, item.upper_ms),
            f"{item.predicted_ms / item.measured_ms - 1:+.1%}",
            *memory,
            item.architecture,
            style=None if is_inside else "red",
        )
    print_table(table)
