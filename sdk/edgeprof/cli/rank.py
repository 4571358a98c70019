"""`edgeprof rank`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import console, milliseconds, print_json, print_table
from edgeprof.cli.parameters import device_option, json_option, seed_option

if TYPE_CHECKING:
    from edgeprof.operator_models.verification import RankedModel, Ranking


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL|FOLDER...")
@click.option(
    "--profile",
    required=True,
    type=click.Path(path_type=Path),
    help="Profile of the device, from `edgeprof onboard --models`.",
)
@device_option
@seed_option("Another seed measures everything anew.")
@json_option
def rank(models: tuple[Path, ...], profile: Path, address: str, seed: int, as_json: bool) -> None:
    """Find the fastest of some models on a device, measuring only those that may be it by their predicted intervals.

    Interrupted, the same command goes on where it stopped.
    """
    import edgeprof
    from edgeprof.cli.onboard_models import ModelProgress

    with edgeprof.connect(address) as client, ModelProgress() as progress:
        found = edgeprof.rank_models(client, models, profile, seed=seed, listener=progress)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)


def _print(found: "Ranking") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("rank", "latency", "90 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("model", overflow="fold")
    for position, model in enumerate(found.models, start=1):
        if model.latency_ms is None:
            table.add_row("", "", "", model.failure or "not known", model.name)
            continue
        interval = f"{milliseconds(model.lower_ms)} to {milliseconds(model.upper_ms)}"
        source = "measured" if model.is_measured else "predicted"
        table.add_row(str(position), milliseconds(model.latency_ms), interval, source, model.name)
    print_table(table)
    certain = "certainly" if found.is_fastest_certain else "probably, since intervals overlap,"
    console.print(
        f"{found.models[0].name} is {certain} the fastest; {found.measured_count} of {len(found.models)} models were "
        "measured"
    )


def _document(found: "Ranking") -> dict[str, Any]:
    """The result for machines."""
    return {
        "platform": found.platform,
        "is_fastest_certain": found.is_fastest_certain,
        "measured_count": found.measured_count,
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
        "failure": model.failure,
    }
