"""`edgeprof evaluate-accuracy`."""

from dataclasses import asdict
from pathlib import Path

import click

from edgeprof.arguments import MAX_REPETITION_COUNT
from edgeprof.cli.console import messages
from edgeprof.cli.parameters import Count, CountList, NameList, json_option, parallel_options, scores_file_option
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.unit_progress import unit_callbacks


@click.command("evaluate-accuracy")
@click.option(
    "--tables",
    "tables_file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.npz",
    help="Archive with arch, val_accuracy, proxy and score of each SPACE/TASK.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SPACE/TASK",
    help="Task to learn from; may be given again. Methods that move from a single source are scored from each.",
)
@click.option("--target", required=True, metavar="SPACE/TASK", help="Task to predict, none of the sources.")
@click.option(
    "--samples",
    "sample_counts",
    type=CountList(),
    default="10",
    show_default=True,
    help="Networks trained on the target; several counts are joined by commas. 0 ranks without any.",
)
@click.option(
    "--seeds", "seed_count", type=Count(1, MAX_REPETITION_COUNT), default=3, show_default=True, help="Repetitions."
)
@click.option(
    "--methods",
    "method_names",
    type=NameList(),
    help="Methods to compare; an unknown one is answered with all there are.  "
    "[default: default, if there is a source, and ridge-zcp,scratch-vec]",
)
@parallel_options
@scores_file_option
@json_option
def evaluate_accuracy(
    tables_file: Path,
    sources: tuple[str, ...],
    target: str,
    sample_counts: tuple[int, ...],
    seed_count: int,
    method_names: tuple[str, ...] | None,
    jobs: int | None,
    backend: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Compare accuracy predictors on a task of which only a few networks are trained.

    Each method learns from the source tasks, or from none, gets the accuracy of a few networks of the target, and is
    scored on all others of the table. The default chooses which ones are trained; the others draw them by chance.
    """
    import edgeprof
    from edgeprof.cli.accuracy_tables import print_accuracy_scores

    with unit_callbacks() as (on_begin, on_finished):
        scores = edgeprof.evaluate_accuracy(
            tables_file,
            target=target,
            sources=sources,
            sample_counts=sample_counts,
            seed_count=seed_count,
            methods=method_names,
            output=output,
            jobs=jobs,
            backend=backend,
            on_begin=on_begin,
            on_finished=on_finished,
        )
    if output is not None:
        messages.print(f"scores: {output}")
    if as_json:
        print_json([asdict(score) for score in scores])
    else:
        print_accuracy_scores(scores)
