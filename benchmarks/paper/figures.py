"""Figures 4, 5, 6, 11, 16, 17: which runs give which curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from benchmarks.paper.rows import (
    ADVERSARIAL_COUNTS,
    EVERYWHERE,
    FLAT,
    SCORED_ONLY,
    run_on,
    scored_only,
)
from benchmarks.paper.runs import Run, latency_table

from edgeprof_predictor.metrics import spearman

SCRATCH_COUNTS: Final = (5, 10, 20, 40, 80, 160)
OURS: Final = "default (ours)"
SCRATCH_ENCODINGS: Final = {"Vec": "vec", "ZCP": "zcp", "HWL": "hwl", "ZCPVec": "zcpvec", "HWLVec": "hwlvec"}

NOT_PRINTED: Final = "The paper draws this figure and prints no numbers; ours can be compared with its text only."
SCRATCH: Final = (
    "All curves from scratch use only the 724 cells with published zero-cost proxies.",
    "Measurements are counted as in the paper: latencies on reference platforms, which HWL reads, are not counted.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a figure, or one point where its run has a single count.

    Args:
        label: In the legend.
        run: Gives the scores.
        counts: Samples to show.
        measured_before: Measurements of the sources, where the figure counts all.
    """

    label: str
    run: Run
    counts: tuple[int, ...]
    measured_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of the paper.

    Args:
        title: What it is.
        x_label: What is counted.
        curves: By the name of their panel; a panel shows one platform, or the mean of all that its runs test.
        differences: Between the paper's protocol and ours.
        is_bars: Whether a panel is a bar for each curve.
    """

    title: str
    x_label: str
    curves: dict[str, tuple[Curve, ...]]
    differences: tuple[str, ...]
    is_bars: bool = False


def figure_4() -> Figure:
    """Hardware embeddings on five splits of FBNet."""
    default, adversarial = run_on("fbnet-default", "multi-predict"), run_on("fbnet-adversarial", "multi-predict")
    splits = {f"R{number}": _random_split(default, number) for number in (1, 2, 3)}
    splits |= {"FAdv": replace(adversarial, counts=ADVERSARIAL_COUNTS), "FD": default}
    kinds = {
        "Index": ("multi-predict-index", 10),
        "Sample": ("multi-predict-sample", 20),
        "ET": ("multi-predict", 10),
        OURS: ("default", 10),
    }
    return Figure(
        title="Figure 4: hardware embeddings on FBNet",
        x_label="hardware embedding",
        curves={
            split: tuple(
                Curve(label=kind, run=replace(run, method=method, most_seeds=_seeds(split, kind)), counts=(count,))
                for kind, (method, count) in kinds.items()
            )
            for split, run in splits.items()
        },
        differences=(
            *EVERYWHERE,
            NOT_PRINTED,
            "R1 to R3 are random splits that the paper does not name; ours are drawn: 9 platforms to learn "
            "from with 1000 architectures each, 4 new.",
            "10 samples, 20 for Sample, as in Table 3. The default has no hardware embedding.",
        ),
        is_bars=True,
    )


def figure_5() -> Figure:
    """Samples on the adversarial split of NAS-Bench-201."""
    return Figure(
        title="Figure 5: NAS-Bench-201, adversarial split, eyeriss",
        x_label="samples of the new platform",
        curves={"eyeriss": _sample_curves("nasbench201-adversarial", ("zcpvec", "hwlvec"))},
        differences=(
            *EVERYWHERE,
            FLAT,
            SCORED_ONLY,
            NOT_PRINTED,
            "Two of the paper's three new platforms are EAGLE devices that are not in the data.",
        ),
    )


def figure_6() -> Figure:
    """All measurements, mean of the default split of NAS-Bench-201."""
    return Figure(
        title="Figure 6: all measurements that a predictor needs, NAS-Bench-201, default split",
        x_label="measurements, sources and new platform",
        curves={"mean": _total_curves(run_on("nasbench201-default", "multi-predict"))},
        differences=(*EVERYWHERE, FLAT, *SCRATCH, NOT_PRINTED),
    )


def figure_11() -> Figure:
    """Samples on the adversarial split of FBNet."""
    return Figure(
        title="Figure 11: FBNet, adversarial split",
        x_label="samples of the new platform",
        curves={"mean": _sample_curves("fbnet-adversarial", ())},
        differences=(*EVERYWHERE, NOT_PRINTED),
    )


def figure_16() -> Figure:
    """As Figure 6, with sources that correlate between 0.5 and 0.7."""
    base = run_on("nasbench201-default", "multi-predict")
    table = latency_table(base.space)
    eyeriss = table.latencies_of("eyeriss")
    correlations = {name: spearman(eyeriss, table.latencies_of(name)) for name in table.platforms}
    between = tuple(name for name, correlation in correlations.items() if 0.5 <= correlation <= 0.7)
    return Figure(
        title="Figure 16: all measurements that a predictor needs, sources of correlation 0.5 to 0.7",
        x_label="measurements, sources and new platform",
        curves={"eyeriss": _total_curves(replace(base, train=between, test=("eyeriss",)))},
        differences=(
            *EVERYWHERE,
            FLAT,
            *SCRATCH,
            NOT_PRINTED,
            "The paper does not name its devices. Ours: eyeriss, and of all other platforms the "
            f"{len(between)} whose rank correlation with it lies between 0.5 and 0.7.",
        ),
    )


def figure_17() -> Figure:
    """As Figure 6, for each platform."""
    base = run_on("nasbench201-default", "multi-predict")
    return Figure(
        title="Figure 17: all measurements that a predictor needs, for each platform of NAS-Bench-201",
        x_label="measurements, sources and new platform",
        curves={platform: _total_curves(base) for platform in base.test},
        differences=(
            *EVERYWHERE,
            FLAT,
            *SCRATCH,
            NOT_PRINTED,
            "The figure's other half, accuracy, is the next section.",
        ),
    )


def _sample_curves(task: str, scores: tuple[str, ...]) -> tuple[Curve, ...]:
    runs = {"HELP": run_on(task, "help", ADVERSARIAL_COUNTS, most_seeds=1)}
    runs["TL Vec"] = run_on(task, "multi-predict", ADVERSARIAL_COUNTS)
    for name in scores:
        run = run_on(task, f"multi-predict-{name}", ADVERSARIAL_COUNTS)
        runs[f"TL {name[:3].upper()}Vec"] = scored_only(run) if name == "zcpvec" else run
    runs[OURS] = run_on(task, "default", ADVERSARIAL_COUNTS)
    return tuple(Curve(label=label, run=run, counts=ADVERSARIAL_COUNTS) for label, run in runs.items())


def _total_curves(base: Run) -> tuple[Curve, ...]:
    """Return curves from scratch beside those that learn from sources, whose measurements count."""
    scratch = scored_only(replace(base, counts=SCRATCH_COUNTS))
    curves = [
        Curve(label=f"{label}, scratch", run=replace(scratch, method=f"scratch-{name}"), counts=SCRATCH_COUNTS)
        for label, name in SCRATCH_ENCODINGS.items()
    ]
    curves.append(
        Curve(label=f"{OURS}, scratch", run=replace(scratch, method="no-sources"), counts=SCRATCH_COUNTS),
    )
    for label, method, known, count, most_seeds in (
        ("HELP", "help", 900, 20, 2),
        ("TL Vec ET", "multi-predict", 900, 10, 99),
        ("TL Vec ET, 50 known", "multi-predict", 50, 10, 99),
        (OURS, "default", 900, 10, 99),
        (f"{OURS}, 50 known", "default", 50, 10, 99),
    ):
        run = replace(base, method=method, pretrain_samples=known, most_seeds=most_seeds)
        curves.append(Curve(label=label, run=run, counts=(count,), measured_before=known * len(base.train)))
    brp = replace(base, method="brp-nas", counts=(900,), most_seeds=1)
    return (*curves, Curve(label="BRP-NAS", run=brp, counts=(900,)))


def _random_split(run: Run, number: int) -> Run:
    drawn = np.random.default_rng(number).permutation(latency_table(run.space).platforms)[:13].tolist()
    return replace(run, train=tuple(drawn[:9]), test=tuple(drawn[9:]), pretrain_samples=1000)


def _seeds(split: str, kind: str) -> int:
    """Random splits and slow sources get one seed, unless a table needs the run anyway."""
    return 99 if split == "FD" or (split == "FAdv" and kind in ("ET", OURS)) else 1


FIGURES: Final[dict[str, Callable[[], Figure]]] = {
    "figure-4": figure_4,
    "figure-5": figure_5,
    "figure-6": figure_6,
    "figure-11": figure_11,
    "figure-16": figure_16,
    "figure-17": figure_17,
}
