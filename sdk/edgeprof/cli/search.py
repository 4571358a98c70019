"""`edgeprof search`."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeprof.arguments import MAX_NETWORK_COUNT
from edgeprof.cli.console import messages, plain_table, print_facts, print_table
from edgeprof.cli.device_options import optional_device_option
from edgeprof.cli.parameters import DEFAULT_SPACE, Count, Latency, NumberList, json_option, seed_option
from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_json

if TYPE_CHECKING:
    from edgeprof.searching import Found, SearchResult


@click.command()
@click.option("--space", default=DEFAULT_SPACE, show_default=True, help="Search space.")
@click.option(
    "--profile",
    "profiles",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Profile of a platform that the network has to run on; may be given again.",
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Onboard --device first, with this bundle; its profile is kept beside the state.",
)
@click.option(
    "--combine",
    type=click.Choice(["worst", "weighted"]),
    default="worst",
    show_default=True,
    help="Latency on several platforms: the slowest one's, or their sum by --weights.",
)
@click.option("--weights", type=NumberList(), metavar="A,B,...", help="Share of each profile, for --combine weighted.")
@click.option("--latency-limit", type=Latency(), help="Upper limit of the latency, as 5ms.")
@click.option("--accuracy", metavar="TABLE.npz:SPACE/TASK", help="Look accuracies up instead of training.")
@click.option(
    "--train-with",
    metavar="MODULE:FUNCTION",
    help="Function that trains: the text of an architecture in, its accuracy out. FILE.py:FUNCTION does as well.",
)
@click.option(
    "--source-tables",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Archive of tasks that the accuracy predictor learns from, the one searched in left out.  "
    "[default: the pre-trained predictor]",
)
@click.option("--trainings", type=Count(0, MAX_NETWORK_COUNT), default=20, show_default=True, help="Networks to train.")
@click.option(
    "--measurements", type=Count(0, MAX_NETWORK_COUNT), default=20, show_default=True, help="Networks to measure."
)
@click.option(
    "--batch", type=Count(1, MAX_NETWORK_COUNT), default=1, show_default=True, help="Networks chosen at once."
)
@optional_device_option("The device of a profile: leaders are measured there.")
@click.option(
    "--candidates",
    type=Count(2, MAX_NETWORK_COUNT),
    default=1000,
    show_default=True,
    help="Candidates drawn from a larger space; neighbours of leaders come in later.",
)
@seed_option("Seed of candidates and predictor.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="File that holds what was trained and measured; the same command goes on.  [default: SPACE.search here]",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File of the plot of the Pareto front."
)
@json_option
def search(
    space: str,
    profiles: tuple[Path, ...],
    bundle: Path | None,
    combine: str,
    weights: tuple[float, ...] | None,
    latency_limit: float | None,
    accuracy: str | None,
    train_with: str | None,
    source_tables: Path | None,
    trainings: int,
    measurements: int,
    batch: int,
    address: str | None,
    candidates: int,
    seed: int,
    state: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Find the most accurate network of a space within a latency limit, training few.

    The limit is kept when the upper end of a latency's 90 % interval keeps it, predicted or measured. Interrupted, the
    same command goes on where it stopped; with more trainings or measurements it goes on from what is known.
    """
    if (accuracy is None) == (train_with is None):
        raise click.UsageError("name where accuracies come from: --accuracy TABLE.npz:SPACE/TASK or --train-with")
    if (combine == "weighted") != (weights is not None):
        raise click.UsageError("--combine weighted and --weights go together")
    import edgeprof
    from edgeprof.cli.search_progress import SearchProgress
    from edgeprof.plots.figure_file import check_picture
    from edgeprof.plots.search_plot import draw_front
    from edgeprof.searching.accuracy import AccuracyTable, load_train_function
    from edgeprof_predictor.search.procedure import Budget

    table = AccuracyTable.parse(accuracy) if accuracy else None
    check_picture(output, inputs=[*profiles, source_tables, *([table.path] if table else [])])
    with ExitStack() as resources:
        progress = resources.enter_context(SearchProgress(trainings, measurements))
        result = edgeprof.search(
            space,
            table or load_train_function(train_with or ""),
            profiles=profiles,
            weights=weights,
            bundle=bundle,
            latency_limit_ms=latency_limit,
            client=resources.enter_context(edgeprof.connect(address)) if address else None,
            budget=Budget(training_count=trainings, measurement_count=measurements, batch_count=batch),
            source_tables=source_tables,
            candidate_count=candidates,
            state=state or Path(f"{space}.search"),
            seed=seed,
            listener=progress,
        )
    _show(result, as_json=as_json)
    if output is not None:
        messages.print(f"plot: {draw_front(result, output)}")


def _show(result: SearchResult, *, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        print_result(result)


def print_result(result: SearchResult) -> None:
    """Print the answer, and the front that it was chosen from."""
    table = plain_table("Pareto front")
    for heading in ("accuracy", "latency", "90 % interval", "known by"):
        table.add_column(heading, no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for found in result.front:
        style = None if found.keeps_limit else "dim"
        table.add_row(*_columns(found), found.architecture, style=style)
    print_table(table)
    limit = "none" if result.limit_ms is None else milliseconds(result.limit_ms)
    accuracy, latency, interval, known_by = _columns(result.chosen)
    print_facts(
        "the most accurate network known to keep the limit",
        {
            "architecture": result.chosen.architecture,
            "accuracy": accuracy,
            "latency": f"{latency}, {interval}, {known_by}" if result.chosen.latency_ms else "not known: no profile",
            "limit": limit,
            "trained": f"{len(result.trained)}, {len(result.failures)} failed",
            "measured": f"{result.measurement_count}, {len(result.refusals)} of them could not run",
            **({"warning": result.warning} if result.warning else {}),
        },
    )


def _columns(found: Found) -> tuple[str, str, str, str]:
    accuracy = "not trained" if found.accuracy is None else f"{found.accuracy:.4g}"
    if found.latency_ms is None or found.lower_ms is None or found.upper_ms is None:
        return accuracy, "-", "-", "-"
    interval = milliseconds_between(found.lower_ms, found.upper_ms)
    return accuracy, milliseconds(found.latency_ms), interval, "measured" if found.is_measured else "predicted"
