"""Search NAS-Bench-201 on published tables: the paper's Figure 10, and latency limits on published platforms.

python -m benchmarks.search [--seeds 20] [--results FOLDER] [--output docs]
python -m benchmarks.search --finished            show what is computed already, compute nothing

Accuracies, proxies and latencies are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. What is
finished stands in the folder of results: the same command goes on where it was interrupted. With --output it writes
pictures/figure-10.png; the tables for docs/search.md are printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.search.render import draw
from benchmarks.search.runs import units
from benchmarks.search.summary import Summary, markdown

from edgeprof_predictor.evaluation import Journal, run_units


def main() -> int:
    """Compute, then write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="repetitions (default: 20)")
    parser.add_argument("--jobs", type=int, help="units at the same time (default: one a core)")
    parser.add_argument("--finished", action="store_true", help="show what is computed already")
    parser.add_argument(
        "--results", type=Path, default=Path(tempfile.gettempdir()) / "edgeprof-search", metavar="FOLDER"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for picture and table (default: --results)")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    journal = Journal(arguments.results / "units.journal", {"tables": "accuracy_and_zcp, latency_nasbench201"})
    wanted = units(arguments.seeds, arguments.results)
    rows = run_units(
        [unit for unit in wanted if not arguments.finished or unit.name in journal.finished],
        journal=journal,
        jobs=arguments.jobs,
        on_finished=lambda name: print(name, file=sys.stderr, flush=True),
    )
    summary = Summary(rows)
    output = arguments.output or arguments.results
    (output / "pictures").mkdir(parents=True, exist_ok=True)
    draw(summary, output / "pictures" / "figure-10.png")
    (arguments.results / "search.json").write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")
    print(markdown(summary))
    for figure in summary.figures():
        print(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
