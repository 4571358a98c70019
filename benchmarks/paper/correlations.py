"""Tables 9 and 10: Spearman of sources, and of predictors, with each new platform; Table 11 is both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from benchmarks.code_version import commit
from benchmarks.paper.results import ResultRow, ResultTable, codes, row_of
from benchmarks.paper.rows import EVERYWHERE, NOT_PRINTED, Entry, row, run_on
from benchmarks.paper.runs import ExperimentCache, latency_table

from edgeprof_predictor.metrics import spearman

TEST: Final = ("eyeriss", "fpga", "raspi4")

FBNET: Final = {
    "1080ti_1": (0.25, 0.23, 0.26),
    "1080ti_32": (0.53, 0.42, 0.52),
    "silver_4114": (0.62, 0.67, 0.64),
    "silver_4210r": (0.63, 0.68, 0.65),
    "essential_ph_1": (0.68, 0.7, 0.66),
    "samsung_s7": (0.69, 0.71, 0.68),
    "1080ti_64": (0.76, 0.61, 0.72),
    "samsung_a50": (0.86, 0.86, 0.84),
    "pixel3": (0.98, 0.91, 0.96),
}
NASBENCH201: Final = {
    "1080ti_1": (0.42, 0.83, 0.65),
    "1080ti_32": (0.43, 0.84, 0.67),
    "samsung_s7": (0.52, 0.89, 0.76),
    "essential_ph_1": (0.62, 0.92, 0.81),
    "silver_4114": (0.59, 0.94, 0.84),
    "samsung_a50": (0.63, 0.96, 0.87),
    "silver_4210r": (0.62, 0.97, 0.88),
    "1080ti_256": (0.89, 0.89, 0.73),
    "pixel3": (0.72, 0.87, 0.97),
}


def predictors_9() -> tuple[Entry, ...]:
    """Return the predictors' rows of Table 9; the runs are those of Table 3."""
    return _predictors("fbnet-default", (0.94, 0.89, 0.90), help_seeds=1)


def predictors_10() -> tuple[Entry, ...]:
    """Return the predictors' rows of Table 10; the runs are those of Table 1."""
    return _predictors("nasbench201-default", (0.94, 0.99, 0.89), help_seeds=2)


def table_9(cache: ExperimentCache) -> ResultTable:
    """Return Table 9: FBNet."""
    return _table("Table 9: Spearman of sources with new platforms, FBNet", "fbnet", FBNET, predictors_9(), cache)


def table_10(cache: ExperimentCache) -> ResultTable:
    """Return Table 10: NAS-Bench-201."""
    title = "Table 10: Spearman of sources with new platforms, NAS-Bench-201"
    return _table(title, "nasbench201", NASBENCH201, predictors_10(), cache)


CORRELATIONS: Final[dict[str, Callable[[ExperimentCache], ResultTable]]] = {"table-9": table_9, "table-10": table_10}
PREDICTORS: Final = {"table-9": predictors_9, "table-10": predictors_10}


def _predictors(task: str, help_published: tuple[float, ...], *, help_seeds: int) -> tuple[Entry, ...]:
    return (
        row("HELP predictor", 20, run_on(task, "help", most_seeds=help_seeds), *help_published),
        row("default (ours)", 20, run_on(task, "default"), *[NOT_PRINTED] * len(TEST)),
    )


def _table(
    title: str,
    space: str,
    published: Mapping[str, tuple[float, ...]],
    predictors: tuple[Entry, ...],
    cache: ExperimentCache,
) -> ResultTable:
    table = latency_table(space)
    correlations = {
        source: tuple(spearman(table.latencies_of(platform), table.latencies_of(source)) for platform in TEST)
        for source in published
    }
    closest = tuple(max(column) for column in zip(*correlations.values(), strict=True))
    printed = {**published, "closest source": tuple(max(column) for column in zip(*published.values(), strict=True))}
    no_spreads = (None,) * len(TEST)
    rows = [
        ResultRow(
            label=label,
            count=None,
            ours=ours,
            spreads=no_spreads,
            published=printed[label],
            seed_count=0,
            code=codes([commit()]),
        )
        for label, ours in {**correlations, "closest source": closest}.items()
    ]
    # A spread is printed behind a mean over platforms, which these tables do not have.
    rows += [replace(row_of(entry, TEST, cache), spreads=no_spreads) for entry in predictors]
    return ResultTable(
        title=title,
        columns=TEST,
        rows=tuple(rows),
        differences=(
            "Sources: none, both are over the whole table. Table 11 is Tables 9 and 10.",
            *(f"Predictors: {difference[0].lower()}{difference[1:]}" for difference in EVERYWHERE),
        ),
    )
