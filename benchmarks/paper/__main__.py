"""Compute the paper's tables and figures anew.

python -m benchmarks.paper all                    everything, as one page
python -m benchmarks.paper table-1 figure-5       some of it
python -m benchmarks.paper all --finished         show what is computed already, compute nothing

The published tables of latencies are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Every
finished run is written to disk: the same command continues an interrupted one. After a change of a method, use a new
folder of results, or delete that method's files in it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.paper.correlations import table_9, table_10
from benchmarks.paper.figures import FIGURES, Figure
from benchmarks.paper.render import draw, markdown, write_json
from benchmarks.paper.results import ResultFigure, ResultTable, figure_of, table_of
from benchmarks.paper.rows import Table
from benchmarks.paper.runs import SHORT_EPOCHS, SHORT_META_LEARNING, ExperimentCache, Run, Schedule
from benchmarks.paper.tables import TABLES

from edgeprof_predictor.methods.baselines.help import META_LEARNING

CORRELATIONS: Final = {"table-9": table_9, "table-10": table_10}
NAMES: Final = (
    *("table-1", "table-2", "table-3", "table-4", "table-9", "table-10", "table-12"),
    *("figure-4", "figure-5", "figure-6", "figure-11", "figure-16", "figure-17"),
)

FINDINGS: Final = Path(__file__).with_name("findings.md")
"""Text of the page: experiments behind the choices, and explanations of differences."""


def main() -> int:
    """Compute the exhibits, then write page and pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exhibits", nargs="+", choices=(*NAMES, "all"), metavar="EXHIBIT", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=3, help="seeds of a run; some slow ones have fewer (default: 3)")
    parser.add_argument("--full", action="store_true", help="train on the sources for 250 epochs, as in Table 15")
    parser.add_argument("--finished", action="store_true", help="show what is computed already")
    parser.add_argument("--skip", default="", metavar="METHOD,...", help="compute nothing of these methods")
    parser.add_argument(
        "--results", type=Path, default=Path(tempfile.gettempdir()) / "edgeprof-paper", metavar="FOLDER"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for page and pictures (default: --results)")
    arguments = parser.parse_args()
    cache = ExperimentCache(arguments.results / "runs", Schedule(seeds=arguments.seeds, is_full=arguments.full))
    names = NAMES if "all" in arguments.exhibits else tuple(arguments.exhibits)
    if not arguments.finished:
        _compute(names, cache, skipped=arguments.skip.split(","))
    sections = {}
    for name in names:
        result = _result(name, cache)
        write_json(arguments.results / f"{name}.json", result)
        draw((arguments.output or arguments.results) / "pictures" / f"{name}.png", result)
        sections[name] = markdown(name, result)
        print(sections[name])
    parts = [*sections.values()]
    if names == NAMES:
        parts = [preface(cache.schedule), FINDINGS.read_text(encoding="utf-8"), *parts]
    path = (arguments.output or arguments.results) / ("paper.md" if names == NAMES else f"{'_'.join(names)}.md")
    path.write_text("\n".join(parts), encoding="utf-8")
    print(f"written: {path}", file=sys.stderr)
    return 0


def _compute(names: tuple[str, ...], cache: ExperimentCache, *, skipped: list[str]) -> None:
    """Compute all runs, in the order of seeds, so that an early stop leaves some seeds of every run."""
    runs = [run for name in names for run in runs_of(name) if run.method not in skipped]
    pairs = sorted((seed, number) for number, run in enumerate(runs) for seed in cache.seeds(run))
    for done, (seed, number) in enumerate(pairs):
        run = runs[number]
        print(f"{done + 1}/{len(pairs)} {run.space} {run.method}, seed {seed}", file=sys.stderr, flush=True)
        cache.scores(run, seed)


def runs_of(name: str) -> list[Run]:
    """Return the runs that an exhibit needs."""
    if name in TABLES:
        return [run for entry in TABLES[name]().entries for run in entry.runs]
    if name in FIGURES:
        return [curve.run for curves in FIGURES[name]().curves.values() for curve in curves]
    return []


def _result(name: str, cache: ExperimentCache) -> ResultTable | ResultFigure:
    if name in CORRELATIONS:
        return CORRELATIONS[name]()
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
            f"epochs at 0.0004 (`--full`), and HELP for {SHORT_META_LEARNING.episodes} episodes at "
            f"{SHORT_META_LEARNING.meta_learning_rate}, where its program has {META_LEARNING.episodes} at "
            f"{META_LEARNING.meta_learning_rate}"
        )
    return f"""# The paper's tables and figures, computed anew

Ours beside what the paper (Multi-Predict, Akhauri and Abdelfattah 2023) prints, in Spearman's rank correlation. TL is
the paper's own method, built anew here (`multi-predict`); `default` is this project's. Each exhibit has a command;
`python -m benchmarks.paper all --output docs` makes this page. Throughout, {learned}.
"""


if __name__ == "__main__":
    sys.exit(main())
