"""`edgeprof evaluate-models`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeprof.cli.console import messages, plain_table, print_table
from edgeprof.cli.parameters import NumberList, json_option
from edgeprof.cli.plain_output import print_json

if TYPE_CHECKING:
    from edgeprof_predictor.operators.evaluation.contenders import ModelScore


@click.command("evaluate-models")
@click.argument("source", type=click.Path(path_type=Path, exists=True), metavar="FOLDER|PROFILE")
@click.option("--setting", "settings", multiple=True, help="Setting to predict; may be given again.  [default: all]")
@click.option(
    "--samples", type=NumberList(), default="0,5,10", show_default=True, help="Models of the other half measured."
)
@click.option("--method", "methods", multiple=True, help="Method to compare; may be given again.  [default: all]")
@click.option(
    "--own-hyperparameters",
    "is_own",
    is_flag=True,
    help="Fit the operator model's hyper-parameters on the other engines' settings; those of the release may have seen "
    "the target.",
)
@click.option(
    "--more",
    type=click.Path(path_type=Path, exists=True),
    metavar="FOLDER|PROFILE",
    help="Further probes of the same settings, for the forests alone: nn-Meter's method with more measuring time.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File of the scores (JSON).")
@json_option
def evaluate_models(
    source: Path,
    settings: tuple[str, ...],
    samples: tuple[float, ...],
    methods: tuple[str, ...],
    is_own: bool,
    more: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Compare predictors of any model's latency on models of families that they have not seen.

    The measured models of a PROFILE are taken, or of each profile in a FOLDER, one for each setting. Families are split
    in two halves; some models of one are measured, all of the other predicted, and the reverse.
    """
    import edgeprof

    if any(count != int(count) for count in samples):
        raise click.UsageError("--samples are whole numbers")
    scores = edgeprof.evaluate_models(
        source,
        settings=settings,
        sample_counts=[int(count) for count in samples],
        methods=methods,
        is_own=is_own,
        more=more,
        output=output,
        on_scored=lambda name: messages.print(f"{name}: done"),
    )
    if output is not None:
        messages.print(f"scores: {output}")
    if as_json:
        print_json([asdict(score) for score in scores])
    else:
        _print(scores)


def _print(scores: "Sequence[ModelScore]") -> None:
    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.0%}"

    table = plain_table()
    table.add_column("method", overflow="fold")
    for heading in ("models", "setting", "median error", "90th pct", "within 10 %", "within 20 %", "Spearman"):
        table.add_column(heading, justify="right")
    for heading in ("interval holds", "half-width"):
        table.add_column(heading, justify="right")
    for score in scores:
        found = score.summary
        shares = map(share, (found.tail_error, found.within_10, found.within_20))
        widths = map(share, (found.coverage, found.half_width))
        median_error, rank = f"{found.median_error:.1%}", f"{found.spearman:.3f}"
        table.add_row(score.method, str(score.sample_count), score.setting, median_error, *shares, rank, *widths)
    print_table(table)
