"""The public call `evaluate_accuracy`: accuracy predictors compared on a task of which few networks are trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.arguments import MAX_REPETITION_COUNT, as_list, require_count
from edgeprof.evaluating.scored_run import run_scored
from edgeprof.output_files import check_output
from edgeprof_predictor._output_files import is_replaced
from edgeprof_predictor.accuracy.evaluation import AccuracyScore, accuracy_inputs, accuracy_units
from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.accuracy.tables import load_tasks
from edgeprof_predictor.runs import Journal

DEFAULT_SEED_COUNT = 3


def evaluate_accuracy(
    tables: str | os.PathLike[str],
    *,
    target: str,
    sources: Sequence[str] | str = (),
    sample_counts: Sequence[int] | int = (10,),
    seed_count: int = DEFAULT_SEED_COUNT,
    methods: Sequence[str] | str | None = None,
    output: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    backend: str = "loky",
    on_begin: Callable[[int, int], None] = lambda count, finished: None,
    on_finished: Callable[[str], None] = lambda name: None,
) -> list[AccuracyScore]:
    """Compare accuracy predictors on a task of which only a few networks are trained.

    With an `output`, finished parts are kept beside it, and the same call after an interruption resumes.

    Args:
        tables: Archive with `arch`, `val_accuracy`, `proxy` and `score` of each task.
        target: Task to predict, `SPACE/TASK`, none of the sources.
        sources: Tasks to learn from, or one.
        sample_counts: Numbers of networks trained on the target.
        seed_count: Repetitions.
        methods: Names of the methods; None for `default`, if there is a source, `ridge-zcp` and `scratch-vec`.
        output: File for all scores; None to write none.
        jobs: Parts at the same time; None for one a core.
        backend: Where they run: `loky`, `ray` or `dask`.
        on_begin: Called with the number of parts and how many of them are finished already.
        on_finished: Called with the name of each part when it is finished.

    Returns:
        One score for each method, source, number of samples and seed.

    Raises:
        OutputFileError: If the scores could not be written; found before anything is computed.
        PredictorError: If a table, a name or a number cannot be used; finished parts are kept.
    """
    require_count("the number of seeds", seed_count, 1, MAX_REPETITION_COUNT)
    check_output(output, inputs=[tables])
    sources = as_list(sources, str)
    names = as_list(methods, str) if methods else (*(("default",) if sources else ()), "ridge-zcp", "scratch-vec")
    known = [get_accuracy_method(name) for name in names]
    source_tasks, target_task = load_tasks(Path(tables), sources=sources, target=target)
    counts = as_list(sample_counts, int)
    units = accuracy_units(source_tasks, [target_task], methods=known, sample_counts=counts, seeds=range(seed_count))
    inputs = accuracy_inputs(source_tasks, target_task, counts)
    path = Path(output) if output else None
    journal = Journal.beside(path, inputs) if path and is_replaced(path) else None
    rows = run_scored(units, path, journal, jobs=jobs, backend=backend, on_begin=on_begin, on_finished=on_finished)
    return [AccuracyScore.from_row(row) for row in rows]
