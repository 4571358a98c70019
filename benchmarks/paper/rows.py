"""What a table of the paper is made of: rows, the runs behind them, and how our protocol differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from benchmarks.paper.runs import Run
from benchmarks.published_data import TASKS

from edgeprof_predictor.spaces import get_space

COUNTS: Final = (3, 5, 10, 20)
ADVERSARIAL_COUNTS: Final = (5, 10, 20, 40, 80)
SCORED_PRETRAIN_SAMPLES: Final = 600
"""Of the 724 networks of NAS-Bench-201 with published zero-cost proxies."""

NOT_PRINTED: Final = None
"""In place of a number that the paper does not have."""

EVERYWHERE: Final = (
    "Scored on every architecture that is not a sample. The authors' program scores samples, too.",
    "Of a new platform only its samples are used: log latency, shifted to their mean. The authors' program scales each "
    "platform, the new one included, to the range of its whole table.",
    "Architectures of the sources are drawn at random, the same for all sources.",
)
SCORED_ONLY: Final = (
    "Zero-cost proxies are published for 724 cells of NAS-Bench-201: rows with ZCP use only these, 600 of them for "
    "pre-training. Compare them with the row Vec on the same 724."
)
FLAT: Final = "Networks for NAS-Bench-201 have the layers of Table 15's FBNet column, except in the row GCN."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of a table.

    Args:
        label: As the paper writes it, or ours.
        count: Samples of the new platform.
        runs: Scores of the row's platforms; none where the data cannot give them.
        published: What the paper prints, in the order of the columns; the mean last.
        note: What differs in this row.
    """

    label: str
    count: int
    runs: tuple[Run, ...]
    published: tuple[float | None, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the paper.

    Args:
        title: What it is.
        columns: Platforms; the mean of a row is added.
        entries: Rows.
        differences: Between the paper's protocol and ours.
    """

    title: str
    columns: tuple[str, ...]
    entries: tuple[Entry, ...]
    differences: tuple[str, ...]


def run_on(task: str, method: str, counts: tuple[int, ...] = COUNTS, **changes: object) -> Run:
    """Return the run of a method on a task of the paper."""
    split = TASKS[task]
    fields = {
        "space": split.space,
        "train": tuple(split.train.split()),
        "test": tuple(split.test.split()),
        "method": method,
        "counts": counts,
        "pretrain_samples": get_space(split.space).paper_source_count,
    }
    return Run(**(fields | changes))  # type: ignore[arg-type]


def scored_only(run: Run) -> Run:
    """Return the run on the architectures with published zero-cost proxies."""
    return replace(run, is_scored_only=True, pretrain_samples=SCORED_PRETRAIN_SAMPLES)


def row(label: str, count: int, run: Run | None, *published: float | None, note: str = "") -> Entry:
    """Return a row of a single run, or of none."""
    return Entry(label=label, count=count, runs=(run,) if run else (), published=published, note=note)
