"""Tables 1 to 4 and 12: which runs stand for which row, and what the paper prints there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from benchmarks.paper.runs import Run, latency_table
from benchmarks.published_tables import TASKS

from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.spaces import get_space

COUNTS: Final = (3, 5, 10, 20)
ADVERSARIAL_COUNTS: Final = (5, 10, 20, 40, 80)
SCORED_PRETRAIN_SAMPLES: Final = 600
"""Of the 724 networks of NAS-Bench-201 with published zero-cost proxies."""

NOT_PRINTED: Final = None

EVERYWHERE: Final = (
    "Scored on every architecture that was no sample. The authors' program scores samples, too.",
    "A new platform is known by its samples alone: log latency, shifted to their mean. The authors' program scales "
    "each platform, the new one included, to the range of its whole table.",
    "Architectures of the sources are drawn at random, the same for all sources.",
)
SCORED_ONLY: Final = (
    "Zero-cost proxies are published here for 724 cells of NAS-Bench-201: rows with ZCP know, sample and score only "
    "these, pre-trained on 600 of them. The row Vec on the same 724 is the one to compare them with."
)
FLAT: Final = "NAS-Bench-201 is read by the layers of Table 15's FBNet column, unless the row says GCN."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of a table.

    Args:
        label: As the paper writes it, or ours.
        count: Samples of the new platform.
        runs: Scores of the row's platforms; none where the data cannot give them.
        published: What the paper prints, in the order of the columns; the mean last.
        note: What is particular.
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


def _row(label: str, count: int, run: Run | None, *published: float | None, note: str = "") -> Entry:
    return Entry(label=label, count=count, runs=(run,) if run else (), published=published, note=note)


def table_1() -> Table:
    """NAS-Bench-201 default."""
    task = "nasbench201-default"
    vec = run_on(task, "multi-predict")
    many = {"most_seeds": 1}
    return Table(
        title="Table 1: Spearman on NAS-Bench-201, default split",
        columns=tuple(TASKS[task].test.split()),
        entries=(
            _row("FLOPs", 0, run_on(task, "flops", (0,)), 0.95, 0.83, 0.77, 0.85, 0.44, 0.9, 0.79),
            _row(
                "FLOPs, trimmed",
                0,
                run_on(task, "flops", (0,), trim=0.1, pretrain_samples=20),
                *(0.95, 0.83, 0.77, 0.85, 0.44, 0.9, 0.79),
                note="fastest and slowest 10 % of each platform left out, as in HELP's tables",
            ),
            _row("BRP-NAS", 900, run_on(task, "brp-nas", (900,), **many), 0.81, 0.8, 0.67, 0.85, 0.81, 0.8, 0.79),
            _row(
                "BRP-NAS, trimmed",
                900,
                run_on(task, "brp-nas", (900,), trim=0.1, pretrain_samples=20, **many),
                *(0.81, 0.8, 0.67, 0.85, 0.81, 0.8, 0.79),
                note="as FLOPs, trimmed",
            ),
            _row(
                "BRP-NAS (+ES)",
                3200,
                run_on(task, "brp-nas", (3200,), **many),
                0.82,
                0.81,
                0.69,
                0.85,
                0.83,
                0.83,
                0.81,
            ),
            _row(
                "HELP",
                20,
                run_on(task, "help", most_seeds=2),
                0.98,
                0.99,
                0.8,
                0.89,
                0.94,
                0.99,
                0.93,
                note="ten of the samples are its references",
            ),
            _row(
                "TL Vec Sample",
                20,
                run_on(task, "multi-predict-sample"),
                0.87,
                0.92,
                0.94,
                0.87,
                0.82,
                0.69,
                0.85,
                note="ten of the samples are its references",
            ),
            _row("TL Vec Index", 10, run_on(task, "multi-predict-index"), 0.94, 0.93, 0.87, 0.77, 0.73, 0.9, 0.86),
            _row("TL Vec ET", 10, vec, 0.99, 0.95, 0.88, 0.9, 0.9, 0.99, 0.94),
            _row("TL Vec ET", 20, vec, *[NOT_PRINTED] * 7),
            _row(
                "TL Vec ET, GCN",
                10,
                run_on(task, "multi-predict-gcn", most_seeds=1),
                0.99,
                0.95,
                0.88,
                0.9,
                0.9,
                0.99,
                0.94,
            ),
            _row(
                "TL Vec ET, trimmed",
                10,
                run_on(task, "multi-predict", trim=0.1, pretrain_samples=400),
                *(0.99, 0.95, 0.88, 0.9, 0.9, 0.99, 0.94),
                note="as FLOPs, trimmed; 400 architectures within the range of every source",
            ),
            _row(
                "TL ZCPVec ET",
                10,
                scored_only(run_on(task, "multi-predict-zcpvec")),
                *(0.97, 0.96, 0.86, 0.91, 0.95, 0.97, 0.94),
            ),
            _row("TL Vec ET on the 724", 10, scored_only(vec), *[NOT_PRINTED] * 7),
            _row("TL HWLVec ET", 10, run_on(task, "multi-predict-hwlvec"), 0.95, 0.97, 0.81, 0.88, 0.93, 0.95, 0.91),
            _row("default (ours)", 10, run_on(task, "default"), *[NOT_PRINTED] * 7),
        ),
        differences=(*EVERYWHERE, FLAT, SCORED_ONLY),
    )


def table_2() -> Table:
    """Both adversarial splits."""
    cells, layers = "nasbench201-adversarial", "fbnet-adversarial"
    eagle = "the paper's mean is over eyeriss and two EAGLE devices that are not in the data: not comparable"

    def on(task: str, method: str, **changes: object) -> Run:
        return run_on(task, method, ADVERSARIAL_COUNTS, **changes)

    return Table(
        title="Table 2: Spearman on the adversarial splits",
        columns=(),
        entries=(
            _row("NB201: HELP", 20, on(cells, "help", most_seeds=1), 0.36, note=eagle),
            _row("NB201: TL Vec ET", 20, on(cells, "multi-predict"), 0.65, note=eagle),
            _row("NB201: TL ZCPVec ET", 20, scored_only(on(cells, "multi-predict-zcpvec")), 0.78, note=eagle),
            _row("NB201: TL Vec ET on the 724", 20, scored_only(on(cells, "multi-predict")), NOT_PRINTED, note=eagle),
            _row("NB201: TL HWLVec ET", 20, on(cells, "multi-predict-hwlvec"), 0.73, note=eagle),
            _row("NB201: default (ours)", 20, on(cells, "default"), NOT_PRINTED),
            _row("FBNet: HELP", 20, on(layers, "help", most_seeds=1), 0.37),
            _row("FBNet: TL Vec ET", 20, on(layers, "multi-predict"), 0.39),
            _row("FBNet: TL ZCPVec ET", 20, on(layers, "multi-predict-zcpvec"), 0.45),
            _row("FBNet: TL HWLVec ET", 20, on(layers, "multi-predict-hwlvec"), 0.41),
            _row("FBNet: FLOPs", 0, run_on(layers, "flops", (0,)), NOT_PRINTED),
            _row("FBNet: default (ours)", 20, on(layers, "default"), NOT_PRINTED),
        ),
        differences=(*EVERYWHERE, FLAT, SCORED_ONLY),
    )


def table_3() -> Table:
    """FBNet default."""
    task = "fbnet-default"
    vec = run_on(task, "multi-predict")
    return Table(
        title="Table 3: Spearman on FBNet, default split",
        columns=tuple(TASKS[task].test.split()),
        entries=(
            _row("HELP", 20, run_on(task, "help", most_seeds=1), 0.89, 0.94, 0.89, 0.91, note="ten are its references"),
            _row(
                "TL Sample",
                20,
                run_on(task, "multi-predict-sample"),
                0.74,
                0.79,
                0.81,
                0.78,
                note="ten are its references",
            ),
            _row("TL Index", 10, run_on(task, "multi-predict-index"), 0.92, 0.86, 0.87, 0.88),
            _row("TL ET", 10, vec, 0.96, 0.95, 0.98, 0.96),
            _row("TL ET", 20, vec, *[NOT_PRINTED] * 4),
            _row("FLOPs", 0, run_on(task, "flops", (0,)), *[NOT_PRINTED] * 4),
            _row("default (ours)", 10, run_on(task, "default"), *[NOT_PRINTED] * 4),
        ),
        differences=EVERYWHERE,
    )


def table_4() -> Table:
    """Fewer architectures known of the sources."""
    entries = []
    for name, task, known, help_mean, transfer_mean in (
        ("FBNet", "fbnet-default", 4000, 0.91, 0.96),
        ("FBNet", "fbnet-default", 1000, 0.85, 0.91),
        ("NB201", "nasbench201-default", 900, 0.93, 0.94),
        ("NB201", "nasbench201-default", 50, 0.91, 0.91),
    ):
        for label, method, count, published in (
            ("HELP", "help", 20, help_mean),
            ("TL ET", "multi-predict", 10, transfer_mean),
            ("default (ours)", "default", 10, NOT_PRINTED),
        ):
            most_seeds = {"help": 2 if known == 900 else 1}.get(method, 99)
            run = run_on(task, method, pretrain_samples=known, most_seeds=most_seeds)
            entries.append(_row(f"{name}, {known} pre-train samples: {label}", count, run, published))
    return Table(
        title="Table 4: Spearman with fewer pre-training samples, mean over the default split",
        columns=(),
        entries=tuple(entries),
        differences=(*EVERYWHERE, FLAT),
    )


LIMITS: Final = {
    "default split": (1.0, (0.886, 0.895, 0.939, 0.91)),
    "Spearman < 0.7": (0.7, (0.663, 0.689, 0.727, 0.69)),
    "Spearman < 0.6": (0.6, (0.328, 0.395, 0.437, 0.39)),
    "Spearman < 0.3": (0.3, (0.146, 0.159, 0.201, 0.17)),
}


def table_12() -> Table:
    """Sources that resemble the new platform left out."""
    task = "fbnet-default"
    whole = run_on(task, "multi-predict")
    entries = []
    for method, label, most_seeds in (("multi-predict", "TL ET", 99), ("default", "default (ours)", 99)):
        for name, (limit, published) in LIMITS.items():
            runs = tuple(
                replace(whole, method=method, train=sources_below(limit, whole, platform), test=(platform,))
                for platform in whole.test
            )
            if limit == 1.0:
                runs = (replace(whole, method=method, most_seeds=most_seeds),)
            counts = ", ".join(f"{len(run.train)}" for run in runs)
            entries.append(
                Entry(label=f"{name}: {label}", count=20, runs=runs, published=published, note=f"sources: {counts}")
            )
    return Table(
        title="Table 12: Spearman on FBNet without the sources that correlate with the new platform",
        columns=whole.test,
        entries=tuple(entries),
        differences=(
            *EVERYWHERE,
            "The paper does not say which predictor its table shows; its first row is HELP's of Table 9. Ours are "
            "the paper's own method and the default, both with 20 samples.",
        ),
    )


@cache
def sources_below(limit: float, run: Run, platform: str) -> tuple[str, ...]:
    """Return the sources of a run whose rank correlation with a platform, over the whole table, is lower."""
    table = latency_table(run.space)
    target = table.latencies_of(platform)
    return tuple(source for source in run.train if spearman(target, table.latencies_of(source)) < limit)


TABLES: Final[dict[str, Callable[[], Table]]] = {
    "table-1": table_1,
    "table-2": table_2,
    "table-3": table_3,
    "table-4": table_4,
    "table-12": table_12,
}
