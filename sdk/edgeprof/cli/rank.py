"""`edgeprof rank`."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import console, plain_table, print_table
from edgeprof.cli.device_options import device_option
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.parameters import json_option, seed_option, setting_options
from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_json

if TYPE_CHECKING:
    from edgeprof.operator_models.race import RankedModel
    from edgeprof.operator_models.ranking import Ranking


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL|FOLDER...")
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="Profile of the device, from `edgeprof onboard --models`.  [default: the newest of the device in this setting "
    "that this host onboarded; without one, all models are measured]",
)
@device_option
@setting_options
@seed_option("Another seed measures everything anew.")
@json_option
def rank(
    models: tuple[Path, ...], profile: Path | None, address: str, seed: int, as_json: bool, **setting_values: Any
) -> None:
    """Find the fastest of some models on a device, measuring only those that may be it.

    What a profile predicts is measured where its interval leaves it open; without a profile all models are measured in
    a few runs. Those that may still be the fastest are measured again, for longer. With --profile, only --runtime and
    --precision count of the setting: they choose among those that it holds.

    Interrupted, the same command goes on where it stopped.
    """
    import edgeprof
    from edgeprof.cli.onboard_models import ModelProgress

    file = None
    if profile is not None:
        file = edgeprof.ProfileFile(
            profile, runtime=setting_values["runtime"] or "", precision=setting_values["precision"]
        )
    with edgeprof.connect(address) as client, ModelProgress() as progress:
        first = next((path for path in models if path.is_file()), None)
        setting = None if file is not None else device_setting(client, first, **setting_values)
        found = edgeprof.rank_models(client, models, file, setting=setting, seed=seed, listener=progress)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)


def _print(found: "Ranking") -> None:

    table = plain_table()
    for heading in ("rank", "latency", "90 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("model", overflow="fold")
    for position, model in enumerate(found.models, start=1):
        if model.latency_ms is None:
            table.add_row("", "", "", model.failure or "not known", model.name)
            continue
        interval = milliseconds_between(model.lower_ms, model.upper_ms)
        source = "measured" if model.is_measured else "predicted"
        table.add_row(str(position), milliseconds(model.latency_ms), interval, source, model.name)
    print_table(table)
    how = "a profile predicted them first" if found.is_predicted else "no profile of this host predicts them"
    certainty = f"with a certainty of {math.floor(found.certainty * 1000) / 10:g} %"
    certainty += "" if found.is_fastest_certain else ": intervals overlap"
    console.print(
        f"{found.models[0].name} is the fastest {certainty}; "
        f"{found.measured_count} of {len(found.models)} models were measured, {found.measurement_count} times in all "
        f"({how})"
    )


def _document(found: "Ranking") -> dict[str, Any]:
    """The result for machines."""
    return {
        "platform": found.platform,
        "is_fastest_certain": found.is_fastest_certain,
        "certainty": found.certainty,
        "is_predicted": found.is_predicted,
        "measured_count": found.measured_count,
        "measurement_count": found.measurement_count,
        "models": [_row(model) for model in found.models],
    }


def _row(model: "RankedModel") -> dict[str, Any]:
    is_known = model.latency_ms is not None
    return {
        "model": model.name,
        "latency_ms": model.latency_ms,
        "lower_ms": model.lower_ms if is_known else None,
        "upper_ms": model.upper_ms if is_known else None,
        "is_measured": model.is_measured,
        "measurement_count": model.measurement_count,
        "failure": model.failure,
    }
