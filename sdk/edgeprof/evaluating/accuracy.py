"""The public call `evaluate_accuracy`: accuracy predictors compared on a task of which few networks are trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.evaluating.scored_run import run_scored
from edgeprof_predictor.accuracy.evaluation import AccuracyScore, accuracy_inputs, accuracy_units
from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.accuracy.tables import load_tasks
from edgeprof_predictor.runs import Journal

DEFAULT_SEED_COUNT = 3


def evaluate_accuracy(
    tables: Path | str,
    *,
    target: str,
    sources: Sequence[str] = (),
    sample_counts: Sequence[int] = (10,),
    seed_count: int = DEFAULT_SEED_COUNT,
    methods: Sequence[str] | None = None,
    output: Path | str | None = None,
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
        sources: Tasks to learn from.
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
        PredictorError: If a table, a name or a number cannot be used; finished parts are kept.
    """
    names = methods or (*(("default",) if sources else ()), "ridge-zcp", "scratch-vec")
    known = [get_accuracy_method(name) for name in names]
    source_tasks, target_task = load_tasks(Path(tables), sources=sources, target=target)
    counts = tuple(sample_counts)
    units = accuracy_units(source_tasks, [target_task], methods=known, sample_counts=counts, seeds=range(seed_count))
    inputs = accuracy_inputs(source_tasks, target_task, counts)
    path = Path(output) if output else None
    journal = Journal.beside(path, inputs) if path else None
    rows = run_scored(units, path, journal, jobs=jobs, backend=backend, on_begin=on_begin, on_finished=on_finished)
    return [AccuracyScore.from_row(row) for row in rows]
