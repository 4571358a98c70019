"""Measure accuracy predictors on the published tables, and draw Figures 8, 9, 15, 18 and 19 of the paper.

python -m benchmarks.accuracy --results FOLDER [--output docs] [--seeds 5] [--jobs N]

The table is read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Finished units are kept
in the folder of results: the same command continues an interrupted one.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from benchmarks.accuracy.page import page
from benchmarks.accuracy.pictures import draw_all
from benchmarks.accuracy.runs import TABLE, names, units
from benchmarks.accuracy.summary import figures
from benchmarks.code_version import commit, digest_of_benchmark, made_from
from benchmarks.page_options import page_parser, parsed

from edgeprof_predictor.runs import Journal, run_units, write_rows


def main() -> int:
    """Run the units that are not finished, then write rows, page and plots."""
    arguments = parsed(page_parser(__doc__, seeds=5))
    path = arguments.results / "accuracy.json"
    to_do = units(range(arguments.seeds))
    digest = digest_of_benchmark(Path(__file__).parent)
    inputs = {"table": hashlib.sha256(TABLE.read_bytes()).hexdigest(), "benchmark": digest}
    journal = Journal.beside(path, inputs)
    rows = run_units(
        to_do,
        journal=journal,
        jobs=arguments.jobs,
        on_finished=lambda name: print(
            f"{len(journal.finished)}/{len(to_do)} {name[:120]}", file=sys.stderr, flush=True
        ),
    )
    write_rows(path, rows)
    journal.remove()
    found = figures(rows, names())
    draw_all(rows, names(), arguments.output / "pictures")
    (arguments.output / "accuracy.md").write_text(
        page(rows, found, names(), code=made_from(digest, commit())), encoding="utf-8"
    )
    for figure in found:
        print(figure)
    return 0 if all(figure.is_met for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
