"""`edgeprof evaluate-accuracy`."""

from pathlib import Path

import click

from edgeprof.cli.parameters import CountList, NameList, parallel_options, scores_file_option


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
@click.option("--seeds", "seed_count", type=click.IntRange(min=1), default=3, show_default=True, help="Repetitions.")
@click.option(
    "--methods",
    "method_names",
    type=NameList(),
    help="Methods to compare; an unknown one is answered with all there are.  "
    "[default: default, if there is a source, and ridge-zcp,scratch-vec]",
)
@parallel_options
@scores_file_option
def evaluate_accuracy(
    tables_file: Path,
    sources: tuple[str, ...],
    target: str,
    sample_counts: tuple[int, ...],
    seed_count: int,
    method_names: tuple[str, ...] | None,
    jobs: int | None,
    backend: str,
    json_file: Path | None,
) -> None:
    """Compare accuracy predictors on a task of which only a few networks are trained.

    Each method learns from the source tasks, or from none, gets the accuracy of a few networks of the target, and is
    scored on all others of the table. The default chooses which ones are trained; the others draw them by chance.
    """
    from edgeprof.cli.accuracy_tables import print_accuracy_scores
    from edgeprof.cli.scored_run import run_scored
    from edgeprof_predictor.accuracy.evaluation import AccuracyScore, accuracy_inputs, accuracy_units
    from edgeprof_predictor.accuracy.registry import get_accuracy_method
    from edgeprof_predictor.accuracy.tables import load_tasks
    from edgeprof_predictor.runs import Journal

    names = method_names or (*(("default",) if sources else ()), "ridge-zcp", "scratch-vec")
    methods = [get_accuracy_method(name) for name in names]
    source_tasks, target_task = load_tasks(tables_file, sources=sources, target=target)
    units = accuracy_units(
        source_tasks, [target_task], methods=methods, sample_counts=sample_counts, seeds=range(seed_count)
    )
    inputs = accuracy_inputs(source_tasks, target_task, sample_counts)
    journal = Journal.beside(json_file, inputs) if json_file else None
    rows = run_scored(units, json_file, journal, jobs=jobs, backend=backend)
    print_accuracy_scores([AccuracyScore.from_row(row) for row in rows])
