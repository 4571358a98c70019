"""Compute the evidence behind the default method, and write it as a page.

python -m benchmarks.evidence --results FOLDER [--output docs] [--seeds 5] [--jobs N]
python -m benchmarks.evidence --results FOLDER --finished     write what is computed already, compute nothing

The published tables are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Finished units are
kept in the folder of results, in a file named after the code that they depend on: the same command continues an
interrupted one, and what other code computed is not shown.
"""

from __future__ import annotations

import sys

from benchmarks.code_version import SHOWN_DIGITS, commit, made_from
from benchmarks.evidence.page import page
from benchmarks.evidence.runs import code_digest, units
from benchmarks.page_options import page_parser, parsed

from edgeprof_predictor.runs import Journal, run_units


def main() -> int:
    """Run the units that are not finished, then write the page."""
    parser = page_parser(__doc__, seeds=5)
    parser.add_argument("--finished", action="store_true", help="write what is computed already")
    arguments = parsed(parser)
    digest, to_do = code_digest(), units(range(arguments.seeds))
    path = arguments.results / f"evidence-{digest[:SHOWN_DIGITS]}.journal"
    # The digest holds all code behind the rows; prose, and code that they do not use, may change.
    journal = Journal(path, {"code behind the rows": digest}, depends_on_code=False)
    if not arguments.finished:
        run_units(
            to_do,
            journal=journal,
            jobs=arguments.jobs,
            on_finished=lambda name: print(f"{len(journal.finished)}/{len(to_do)} {name}", file=sys.stderr, flush=True),
        )
    rows = [row for unit in to_do for row in journal.finished.get(unit.name, [])]
    target = arguments.output / "evidence.md"
    target.write_text(page(rows, code=made_from(digest, commit())), encoding="utf-8")
    print(f"written: {target}, {len(journal.finished)} of {len(to_do)} units", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
