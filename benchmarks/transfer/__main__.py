"""Transfer of latency predictors between search spaces.

python -m benchmarks.transfer published --results FOLDER [--output docs]     tables, Figures 7, 13, 14, 20, 21
python -m benchmarks.transfer here FBNET.jsonl NASBENCH201.jsonl --results FOLDER [--output docs]
python -m benchmarks.transfer page --results FOLDER [--output docs]          what is computed already

The published tables are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Finished units
are written to disk: the same command continues an interrupted one. `here` scores platforms of this
machine, measured by `benchmarks/this_machine.py measure --space SPACE`. The page holds the results of both.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.code_version import commit, digest_of_benchmark, made_from, write_code_beside
from benchmarks.transfer import here, page, runs

from edgeprof_predictor.runs import Journal, Unit, run_units, write_rows


def main() -> int:
    """Compute the units, then write page and plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    published = commands.add_parser("published", help="on published tables")
    published.add_argument("--seeds", type=int, default=5)
    published.add_argument("--network-seeds", type=int, default=2, help="of the paper's networks, which are slow")
    measured = commands.add_parser("here", help="on measurements of this machine")
    measured.add_argument("fbnet", type=Path)
    measured.add_argument("nasbench201", type=Path)
    measured.add_argument("--seeds", type=int, default=5)
    finished = commands.add_parser("page", help="write what is computed already, compute nothing")
    for command in (published, measured):
        command.add_argument("--jobs", type=int, default=None, help="units at the same time (default: one a core)")
    for command in (published, measured, finished):
        command.add_argument(
            "--results",
            type=Path,
            required=True,
            metavar="FOLDER",
            help="for the JSON files, continued where they exist",
        )
        command.add_argument("--output", type=Path, metavar="FOLDER", help="for page and pictures (default: --results)")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    if arguments.command == "published":
        units = runs.units(range(arguments.seeds), range(arguments.network_seeds))
        _run(units, arguments.results / "published.json", {"tables": "published"}, arguments.jobs)
    elif arguments.command == "here":
        files = (arguments.fbnet, arguments.nasbench201)
        digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        units = here.units(*files, range(arguments.seeds))
        _run(units, arguments.results / "here.json", digests, arguments.jobs)
    page.write(arguments.results, arguments.output or arguments.results)
    return 0


def _run(units: Sequence[Unit], path: Path, inputs: Mapping[str, str], jobs: int | None) -> None:
    digest = digest_of_benchmark(Path(__file__).parent)
    journal = Journal.beside(path, {**inputs, "benchmark": digest})
    write_code_beside(path, made_from(digest, commit()))
    rows = run_units(units, journal=journal, jobs=jobs, on_finished=lambda name: print(name, flush=True))
    write_rows(path, rows)
    journal.remove()


if __name__ == "__main__":
    sys.exit(main())
