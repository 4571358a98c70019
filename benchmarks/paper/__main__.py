"""Compute the paper's tables and figures anew.

python -m benchmarks.paper all                    everything, as one page
python -m benchmarks.paper table-1 figure-5       some of it
python -m benchmarks.paper evaluate-splits --seeds 5 --samples 3,5,10,20
python -m benchmarks.paper all --finished         show what is computed already, compute nothing
python -m benchmarks.paper all --estimate         processor time of what is not computed yet

The published tables of latencies are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Every
finished run is written to disk: the same command continues an interrupted one. Runs are kept by a digest of the code
that they depend on, so what a change of that code alters is computed again. Each row names the commit that it was
computed at; with --keep-earlier the page keeps its rows where there is no such run yet.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.code_version import commit, digest_of_benchmark, made_from
from benchmarks.paper import accuracies
from benchmarks.paper.correlations import CORRELATIONS, PREDICTORS
from benchmarks.paper.earlier import counted_codes, with_earlier
from benchmarks.paper.figures import FIGURES, Figure
from benchmarks.paper.render import draw, markdown, write_json
from benchmarks.paper.results import ResultFigure, ResultTable, figure_of, table_of
from benchmarks.paper.rows import Table
from benchmarks.paper.runs import SHORT_EPOCHS, SHORT_META_LEARNING, ExperimentCache, Run, Schedule
from benchmarks.paper.splits import METHODS, NAME, split_runs, split_section
from benchmarks.paper.tables import TABLES

from edgeprof_predictor.methods.baselines.help import META_LEARNING
from edgeprof_predictor.networks.graph_training import MOST_EPOCHS

PAGE: Final = (
    *("table-1", "table-2", "table-3", "table-4", "table-9", "table-10", "table-12"),
    *("figure-4", "figure-5", "figure-6", "figure-11", "figure-16", "figure-17"),
    accuracies.NAME,
)
NAMES: Final = (NAME, *PAGE)

FINDINGS: Final = Path(__file__).with_name("findings.md")
"""Text of the page: experiments behind the choices, and explanations of differences."""


def main() -> int:
    """Compute the exhibits, then write page and pictures."""
    arguments = _parser().parse_args()
    cache = ExperimentCache(arguments.results / "runs", Schedule(seeds=arguments.seeds, is_full=arguments.full))
    is_page = "all" in arguments.exhibits
    names = PAGE if is_page else tuple(arguments.exhibits)
    methods, counts = tuple(arguments.methods.split(",")), tuple(int(count) for count in arguments.samples.split(","))
    wanted = [run for name in names for run in runs_of(name)] + (split_runs(methods, counts) if NAME in names else [])
    left = [] if arguments.finished else cache.missing(run for run in wanted if _is_computed(run, arguments))
    if arguments.estimate:
        print(estimate(left, cache))
        return 0
    for done, (run, seed) in enumerate(left):
        print(f"{done + 1}/{len(left)} {run.space} {run.method}, seed {seed}", file=sys.stderr, flush=True)
        cache.scores(run, seed)
    path = (arguments.output or arguments.results) / ("paper.md" if is_page else f"{'_'.join(names)}.md")
    page = path.read_text(encoding="utf-8") if arguments.keep_earlier else ""
    results = {name: with_earlier(_result(name, cache, arguments), page) for name in names if name != NAME}
    sections = [split_section(cache, methods, counts)] if NAME in names else []
    sections += [_section(name, result, arguments) for name, result in results.items()]
    print("\n".join(sections))
    parts = [*sections, made_from(digest_of_benchmark(Path(__file__).parent), commit()), ""]
    if is_page:
        head = f"{preface(cache.schedule)}\n{counted_codes(results.values())}\n"
        parts = [head, FINDINGS.read_text(encoding="utf-8"), *sections]
    path.write_text("\n".join(parts), encoding="utf-8")
    print(f"written: {path}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exhibits", nargs="+", choices=(*NAMES, "all"), metavar="EXHIBIT", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=3, help="seeds of a run; some slow ones have fewer (default: 3)")
    parser.add_argument("--full", action="store_true", help="train on the sources for 250 epochs, as in Table 15")
    parser.add_argument("--finished", action="store_true", help="show what is computed already")
    parser.add_argument("--estimate", action="store_true", help="say how long the rest will take, compute nothing")
    parser.add_argument("--skip", default="", metavar="METHOD,...", help="compute nothing of these methods")
    parser.add_argument("--only", default="", metavar="METHOD,...", help="compute nothing of other methods")
    parser.add_argument("--keep-earlier", action="store_true", help="keep rows of the page that are not computed anew")
    parser.add_argument("--samples", default="3,5,10,20", metavar="K,...", help=f"of {NAME} (default: 3,5,10,20)")
    parser.add_argument("--methods", default=",".join(METHODS), help=f"of {NAME} (default: {','.join(METHODS)})")
    parser.add_argument(
        "--results", type=Path, default=Path(tempfile.gettempdir()) / "edgeprof-paper", metavar="FOLDER"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for page and pictures (default: --results)")
    return parser


def _is_computed(run: Run, arguments: argparse.Namespace) -> bool:
    only = arguments.only.split(",") if arguments.only else [run.method]
    return run.method in only and run.method not in arguments.skip.split(",")


def _section(name: str, result: ResultTable | ResultFigure, arguments: argparse.Namespace) -> str:
    """Write numbers and picture of an exhibit, and return its section of the page."""
    write_json(arguments.results / f"{name}.json", result)
    draw((arguments.output or arguments.results) / "pictures" / f"{name}.png", result)
    return markdown(name, result)


def estimate(left: Sequence[tuple[Run, int]], cache: ExperimentCache) -> str:
    """Return the processor time that runs will take, by those of the same space and method computed before."""
    lines, total_s = [], 0.0
    for space, method in dict.fromkeys((run.space, run.method) for run, _ in left):
        group = [run for run, _ in left if (run.space, run.method) == (space, method)]
        seconds = cache.seconds(group[0])
        total_s += 0.0 if math.isnan(seconds) else len(group) * seconds
        known = "no run of it was timed" if math.isnan(seconds) else f"{len(group) * seconds / 60:.1f} min"
        lines.append(f"{space} {method}: {len(group)} runs, {known}")
    return "\n".join([*lines, f"all that is known: {total_s / 60:.0f} min of one core for {len(left)} runs"])


def runs_of(name: str) -> list[Run]:
    """Return the runs that an exhibit needs."""
    if name in TABLES:
        return [run for entry in TABLES[name]().entries for run in entry.runs]
    if name in PREDICTORS:
        return [run for entry in PREDICTORS[name]() for run in entry.runs]
    if name in FIGURES:
        return [curve.run for curves in FIGURES[name]().curves.values() for curve in curves]
    return []


def _result(name: str, cache: ExperimentCache, arguments: argparse.Namespace) -> ResultTable | ResultFigure:
    if name == accuracies.NAME:
        is_finished_only = arguments.finished or bool(arguments.only)
        seeds = range(arguments.seeds)
        return accuracies.figure(arguments.results, seeds, is_finished_only=is_finished_only)
    if name in CORRELATIONS:
        return CORRELATIONS[name](cache)
    exhibit: Table | Figure = TABLES[name]() if name in TABLES else FIGURES[name]()
    if isinstance(exhibit, Table):
        return table_of(exhibit, cache)
    return figure_of(exhibit, cache)


def preface(schedule: Schedule) -> str:
    """Return the head of the page."""
    learned = "networks are trained on the sources for 250 epochs at a learning rate of 0.0004, as in Table 15"
    if not schedule.is_full:
        epochs = " and ".join(f"{count} epochs on {space}" for space, count in SHORT_EPOCHS.items())
        learned = (
            f"networks are trained on the sources for {epochs} at a learning rate of 0.0016, where Table 15 has 250 "
            f"epochs at 0.0004 (`--full`), and HELP for at most {SHORT_META_LEARNING.episodes} episodes at "
            f"{SHORT_META_LEARNING.meta_learning_rate}, where its program has {META_LEARNING.episodes} at "
            f"{META_LEARNING.meta_learning_rate}; both end where a fifth of its sources, left out, improves no more, "
            "and these choose the number of its inner steps"
        )
    return f"""# The paper's tables and figures, computed anew

Ours beside what the paper (Multi-Predict, Akhauri and Abdelfattah 2023) prints, in Spearman's rank correlation. TL is
the paper's own method, built anew here (`multi-predict`); `default` is this project's. Each exhibit has a command;
`python -m benchmarks.paper all --output docs` makes this page. Throughout, {learned}.
BRP-NAS is trained for at most {MOST_EPOCHS} epochs, where its program has 250, and ends where a tenth of its samples
improves no more. These limits keep the page within hours of one core.

The column `code` names the commit that a row was computed at. A row of an earlier commit stands until it is computed
anew (`--keep-earlier`). The default with errors in milliseconds and intervals is in [evidence.md](evidence.md).
"""


if __name__ == "__main__":
    sys.exit(main())
