"""Compute the paper's tables and figures anew.

python -m benchmarks.paper all                    everything, as one page
python -m benchmarks.paper table-1 figure-5       some of it
python -m benchmarks.paper all --finished         show what is computed already, compute nothing

The published tables of latencies are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Every
run is kept as soon as it is finished: the same command goes on where it was interrupted.
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
from benchmarks.paper.runs import Laboratory, Run, Schedule
from benchmarks.paper.tables import TABLES, Table

CORRELATIONS: Final = {"table-9": table_9, "table-10": table_10}
NAMES: Final = (
    *("table-1", "table-2", "table-3", "table-4", "table-9", "table-10", "table-12"),
    *("figure-4", "figure-5", "figure-6", "figure-11", "figure-16", "figure-17"),
)


def main() -> int:
    """Compute, then write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exhibits", nargs="+", choices=(*NAMES, "all"), metavar="EXHIBIT", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=3, help="of a run; some slow ones have fewer (default: 3)")
    parser.add_argument("--full", action="store_true", help="learn sources for 250 epochs, as Table 15 says")
    parser.add_argument("--finished", action="store_true", help="show what is computed already")
    parser.add_argument("--skip", default="", metavar="METHOD,...", help="compute nothing of these methods")
    parser.add_argument(
        "--results", type=Path, default=Path(tempfile.gettempdir()) / "edgeprof-paper", metavar="FOLDER"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for page and pictures (default: --results)")
    arguments = parser.parse_args()
    laboratory = Laboratory(arguments.results / "runs", Schedule(seeds=arguments.seeds, is_full=arguments.full))
    names = NAMES if "all" in arguments.exhibits else tuple(arguments.exhibits)
    if not arguments.finished:
        _compute(names, laboratory, skipped=arguments.skip.split(","))
    sections = {}
    for name in names:
        result = _result(name, laboratory)
        write_json(arguments.results / f"{name}.json", result)
        draw((arguments.output or arguments.results) / "pictures" / f"{name}.png", result)
        sections[name] = markdown(name, result)
        print(sections[name])
    page = f"{_preface(laboratory.schedule)}\n{chr(10).join(sections.values())}"
    path = (arguments.output or arguments.results) / ("paper.md" if names == NAMES else f"{'_'.join(names)}.md")
    path.write_text(page, encoding="utf-8")
    print(f"written: {path}", file=sys.stderr)
    return 0


def _compute(names: tuple[str, ...], laboratory: Laboratory, *, skipped: list[str]) -> None:
    """Compute all runs, first seeds first: an early stop leaves something of everything."""
    runs = [run for name in names for run in runs_of(name) if run.method not in skipped]
    pairs = sorted((seed, number) for number, run in enumerate(runs) for seed in laboratory.seeds(run))
    for done, (seed, number) in enumerate(pairs):
        run = runs[number]
        print(f"{done + 1}/{len(pairs)} {run.space} {run.method}, seed {seed}", file=sys.stderr, flush=True)
        laboratory.scores(run, seed)


def runs_of(name: str) -> list[Run]:
    """Return the runs that an exhibit needs."""
    if name in TABLES:
        return [run for entry in TABLES[name]().entries for run in entry.runs]
    if name in FIGURES:
        return [curve.run for curves in FIGURES[name]().curves.values() for curve in curves]
    return []


def _result(name: str, laboratory: Laboratory) -> ResultTable | ResultFigure:
    if name in CORRELATIONS:
        return CORRELATIONS[name]()
    exhibit: Table | Figure = TABLES[name]() if name in TABLES else FIGURES[name]()
    if isinstance(exhibit, Table):
        return table_of(exhibit, laboratory)
    return figure_of(exhibit, laboratory)


def _preface(schedule: Schedule) -> str:
    epochs = "250 epochs at 0.0004, as in Table 15" if schedule.is_full else "fewer epochs than Table 15, see below"
    return f"""# The paper's tables and figures, computed anew

Ours beside what the paper (Multi-Predict, Akhauri and Abdelfattah 2023) prints, in Spearman's rank correlation. One
command makes this page, `python -m benchmarks.paper all --output docs`, and each exhibit has its own. TL is the paper's
own method, built anew here (`multi-predict`); `default` is this project's. Sources were learned for {epochs}.
"""


if __name__ == "__main__":
    sys.exit(main())
