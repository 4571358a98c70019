"""Tables 1 to 4 and 12: which runs give which row, and what the paper prints there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from benchmarks.paper.rows import (
    ADVERSARIAL_COUNTS,
    EVERYWHERE,
    FLAT,
    NOT_PRINTED,
    SCORED_ONLY,
    Entry,
    Table,
    row,
    run_on,
    scored_only,
)
from benchmarks.paper.runs import Run, latency_table
from benchmarks.published_data import TASKS

from edgeprof_predictor.metrics import spearman

PRINTED_1: Final = {
    "FLOPs": (0.95, 0.83, 0.77, 0.85, 0.44, 0.9, 0.79),
    "BRP-NAS": (0.81, 0.8, 0.67, 0.85, 0.81, 0.8, 0.79),
    "BRP-NAS (+ES)": (0.82, 0.81, 0.69, 0.85, 0.83, 0.83, 0.81),
    "HELP": (0.98, 0.99, 0.8, 0.89, 0.94, 0.99, 0.93),
    "Sample": (0.87, 0.92, 0.94, 0.87, 0.82, 0.69, 0.85),
    "Index": (0.94, 0.93, 0.87, 0.77, 0.73, 0.9, 0.86),
    "ET": (0.99, 0.95, 0.88, 0.9, 0.9, 0.99, 0.94),
    "ZCPVec": (0.97, 0.96, 0.86, 0.91, 0.95, 0.97, 0.94),
    "HWLVec": (0.95, 0.97, 0.81, 0.88, 0.93, 0.95, 0.91),
}
"""The paper's Table 1: a row for each method, the mean last."""

TRIMMED: Final = "fastest and slowest 10 % of each platform left out, as in HELP's tables"
OWN_REFERENCES: Final = "ten of the samples are its reference architectures"


def table_1() -> Table:
    """Return Table 1: NAS-Bench-201, default split."""
    task = "nasbench201-default"
    ours = [row("default (ours)", count, run_on(task, "default"), *[NOT_PRINTED] * 7) for count in (10, 20)]
    return Table(
        title="Table 1: Spearman on NAS-Bench-201, default split",
        columns=tuple(TASKS[task].test.split()),
        entries=(*_baselines_1(task), *_transfer_1(task), *ours),
        differences=(*EVERYWHERE, FLAT, SCORED_ONLY),
    )


def _baselines_1(task: str) -> list[Entry]:
    flops, brp_nas = PRINTED_1["FLOPs"], PRINTED_1["BRP-NAS"]
    flops_trimmed = run_on(task, "flops", (0,), trim=0.1, pretrain_samples=20)
    brp_nas_trimmed = run_on(task, "brp-nas", (900,), trim=0.1, pretrain_samples=20, most_seeds=1)
    return [
        row("FLOPs", 0, run_on(task, "flops", (0,)), *flops),
        row("FLOPs, trimmed", 0, flops_trimmed, *flops, note=TRIMMED),
        row("BRP-NAS", 900, run_on(task, "brp-nas", (900,), most_seeds=1), *brp_nas),
        row("BRP-NAS, trimmed", 900, brp_nas_trimmed, *brp_nas, note="as FLOPs, trimmed"),
        row("BRP-NAS (+ES)", 3200, run_on(task, "brp-nas", (3200,), most_seeds=1), *PRINTED_1["BRP-NAS (+ES)"]),
        row("HELP", 20, run_on(task, "help", most_seeds=2), *PRINTED_1["HELP"], note=OWN_REFERENCES),
    ]


def _transfer_1(task: str) -> list[Entry]:
    vec, printed = run_on(task, "multi-predict"), PRINTED_1["ET"]
    trimmed = run_on(task, "multi-predict", trim=0.1, pretrain_samples=400)
    trimmed_note = "as FLOPs, trimmed; 400 architectures within the range of every source"
    sample, index = run_on(task, "multi-predict-sample"), run_on(task, "multi-predict-index")
    zcpvec, hwlvec = scored_only(run_on(task, "multi-predict-zcpvec")), run_on(task, "multi-predict-hwlvec")
    return [
        row("TL Vec Sample", 20, sample, *PRINTED_1["Sample"], note=OWN_REFERENCES),
        row("TL Vec Index", 10, index, *PRINTED_1["Index"]),
        row("TL Vec ET", 10, vec, *printed),
        row("TL Vec ET", 20, vec, *[NOT_PRINTED] * 7),
        row("TL Vec ET, GCN", 10, run_on(task, "multi-predict-gcn", most_seeds=1), *printed),
        row("TL Vec ET, trimmed", 10, trimmed, *printed, note=trimmed_note),
        row("TL ZCPVec ET", 10, zcpvec, *PRINTED_1["ZCPVec"]),
        row("TL Vec ET on the 724", 10, scored_only(vec), *[NOT_PRINTED] * 7),
        row("TL HWLVec ET", 10, hwlvec, *PRINTED_1["HWLVec"]),
    ]


def table_2() -> Table:
    """Return Table 2: both adversarial splits."""
    cells, layers = "nasbench201-adversarial", "fbnet-adversarial"
    eagle = "the paper's mean is over eyeriss and two EAGLE devices that are not in the data: not comparable"

    def on(task: str, method: str, **changes: object) -> Run:
        return run_on(task, method, ADVERSARIAL_COUNTS, **changes)

    return Table(
        title="Table 2: Spearman on the adversarial splits",
        columns=(),
        entries=(
            row("NB201: HELP", 20, on(cells, "help", most_seeds=1), 0.36, note=eagle),
            row("NB201: TL Vec ET", 20, on(cells, "multi-predict"), 0.65, note=eagle),
            row("NB201: TL ZCPVec ET", 20, scored_only(on(cells, "multi-predict-zcpvec")), 0.78, note=eagle),
            row("NB201: TL Vec ET on the 724", 20, scored_only(on(cells, "multi-predict")), NOT_PRINTED, note=eagle),
            row("NB201: TL HWLVec ET", 20, on(cells, "multi-predict-hwlvec"), 0.73, note=eagle),
            row("NB201: FLOPs", 0, run_on(cells, "flops", (0,)), NOT_PRINTED),
            row("NB201: default (ours)", 20, on(cells, "default"), NOT_PRINTED),
            row("FBNet: HELP", 20, on(layers, "help", most_seeds=1), 0.37),
            row("FBNet: TL Vec ET", 20, on(layers, "multi-predict"), 0.39),
            row("FBNet: TL ZCPVec ET", 20, on(layers, "multi-predict-zcpvec"), 0.45),
            row("FBNet: TL HWLVec ET", 20, on(layers, "multi-predict-hwlvec"), 0.41),
            row("FBNet: FLOPs", 0, run_on(layers, "flops", (0,)), NOT_PRINTED),
            row("FBNet: default (ours)", 20, on(layers, "default"), NOT_PRINTED),
        ),
        differences=(*EVERYWHERE, FLAT, SCORED_ONLY),
    )


def table_3() -> Table:
    """Return Table 3: FBNet, default split."""
    task = "fbnet-default"
    vec, sample = run_on(task, "multi-predict"), run_on(task, "multi-predict-sample")
    help_run = run_on(task, "help", most_seeds=1)
    return Table(
        title="Table 3: Spearman on FBNet, default split",
        columns=tuple(TASKS[task].test.split()),
        entries=(
            row("HELP", 20, help_run, 0.89, 0.94, 0.89, 0.91, note="ten are its reference architectures"),
            row("TL Sample", 20, sample, 0.74, 0.79, 0.81, 0.78, note="ten are its reference architectures"),
            row("TL Index", 10, run_on(task, "multi-predict-index"), 0.92, 0.86, 0.87, 0.88),
            row("TL ET", 10, vec, 0.96, 0.95, 0.98, 0.96),
            row("TL ET", 20, vec, *[NOT_PRINTED] * 4),
            row("FLOPs", 0, run_on(task, "flops", (0,)), *[NOT_PRINTED] * 4),
            *(row("default (ours)", count, run_on(task, "default"), *[NOT_PRINTED] * 4) for count in (10, 20)),
        ),
        differences=EVERYWHERE,
    )


def table_4() -> Table:
    """Return Table 4: fewer architectures known of the sources."""
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
            entries.append(row(f"{name}, {known} pre-train samples: {label}", count, run, published))
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
    """Return Table 12: sources that correlate with the new platform left out."""
    task = "fbnet-default"
    full = run_on(task, "multi-predict")
    entries = []
    for method, label, most_seeds in (("multi-predict", "TL ET", 99), ("default", "default (ours)", 99)):
        for name, (limit, published) in LIMITS.items():
            runs = tuple(
                replace(full, method=method, train=sources_below(limit, full, platform), test=(platform,))
                for platform in full.test
            )
            if limit == 1.0:
                runs = (replace(full, method=method, most_seeds=most_seeds),)
            counts = ", ".join(f"{len(run.train)}" for run in runs)
            entries.append(
                Entry(label=f"{name}: {label}", count=20, runs=runs, published=published, note=f"sources: {counts}")
            )
    return Table(
        title="Table 12: Spearman on FBNet without the sources that correlate with the new platform",
        columns=full.test,
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
