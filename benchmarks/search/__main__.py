"""Search on published tables: the paper's Figure 10, and latency limits on published platforms.

python -m benchmarks.search [--seeds 20] [--results FOLDER] [--output docs]
python -m benchmarks.search --finished            show what is computed already, compute nothing
python -m benchmarks.search --skip-limits         leave the page's section on latency limits as it is

Accuracies, proxies and latencies are read from $EDGEPROF_DATA, else from ../shared/data beside the repository. Finished
units are kept in the folder of results: the same command continues an interrupted one. With --output it writes
figure_10.md and pictures/figure-10.png there.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.code_version import SHOWN_DIGITS, commit, digest_of_benchmark, made_from
from benchmarks.page_options import page_parser, parsed
from benchmarks.search.render import draw
from benchmarks.search.runs import is_limited, units
from benchmarks.search.summary import Summary, free_table, limits_table

from edgeprof_predictor.runs import Journal, run_units

PREFACE: Final = """# Search on published tables: Figure 10, and latency limits

`python -m benchmarks.search --output docs` computes this page: NAS-Bench-101 and NAS-Bench-201 on CIFAR-10, the 500 and
725 architectures of the published tables, with accuracies taken from the table. A search has succeeded once it has
trained a network within 0.1 percentage points of the best accuracy in the table (among those within the limit, where
there is one).

![Figure 10](pictures/figure-10.png)

The paper's Figure 10 compares Vec and ZCP: on NAS-Bench-101 ZCP is near the optimum after 40 networks and Vec after
more than 100, "a similar improvement" on NAS-Bench-201. Its search is *the paper's* here: ten random networks, then the
ten with the best predicted accuracy, and so on, with its network of Table 14. What differs: the paper predicts all
423,624 and 15,625 architectures, and proxies of only 500 and 725 are published. *Ours* trains one network at a time,
the first one by the prior. The prior was not fitted on the target's space, except for *all other tasks*: on
NAS-Bench-201 these include the same architectures on CIFAR-100 and ImageNet16-120, whose accuracies are nearly those of
CIFAR-10. Of NAS-Bench-101 no other task is published.
"""

LIMITS: Final = """## Under a latency limit

The task is NAS-Bench-201 on CIFAR-10, the platform a published one. Its latency predictor is fitted without the
platform's family (all GPUs for a GPU, all phones, all CPUs), adapted with ten samples, and may measure: the table's
latency then counts as measured. It is compared with the same search with all latencies known beforehand.
"""


def main() -> int:
    """Compute the searches, then write page and plot."""
    parser = page_parser(__doc__, seeds=20, results=Path(tempfile.gettempdir()) / "edgeprof-search")
    parser.add_argument("--finished", action="store_true", help="show what is computed already")
    parser.add_argument("--skip-limits", action="store_true", help="compute no search under a latency limit")
    arguments = parsed(parser)
    digest = digest_of_benchmark(Path(__file__).parent)
    # In a folder of its own: bundles that other code fitted are not used, and its journal is not in the way.
    folder = arguments.results / digest[:SHOWN_DIGITS]
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "units.journal", {"tables": "accuracy_and_zcp, latency_nasbench201"})
    wanted = [unit for unit in units(arguments.seeds, folder) if not (arguments.skip_limits and is_limited(unit))]
    rows = run_units(
        [unit for unit in wanted if not arguments.finished or unit.name in journal.finished],
        journal=journal,
        jobs=arguments.jobs,
        on_finished=lambda name: print(name, file=sys.stderr, flush=True),
    )
    summary = Summary(rows)
    (arguments.output / "pictures").mkdir(parents=True, exist_ok=True)
    draw(summary, arguments.output / "pictures" / "figure-10.png")
    (arguments.results / "search.json").write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")
    path = arguments.output / "figure_10.md"
    code = made_from(digest, commit())
    limits = f"{LIMITS}\n{code}\n\n{limits_table(summary)}"
    if arguments.skip_limits:
        standing = path.read_text(encoding="utf-8") if path.exists() else ""
        limits = "".join(standing.partition(LIMITS)[1:])
    page = f"{PREFACE}\n{code}\n\n{free_table(summary)}\n{limits}"
    path.write_text(page, encoding="utf-8")
    print(page)
    for figure in summary.figures():
        print(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
