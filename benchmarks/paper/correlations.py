"""Tables 9 and 10: Spearman of each source with each new platform over all architectures; Table 11 is both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.paper.results import ResultRow, ResultTable
from benchmarks.paper.runs import latency_table

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


def table_9() -> ResultTable:
    """Return Table 9: FBNet."""
    return _table("Table 9: Spearman of sources with new platforms, FBNet", "fbnet", FBNET)


def table_10() -> ResultTable:
    """Return Table 10: NAS-Bench-201."""
    return _table("Table 10: Spearman of sources with new platforms, NAS-Bench-201", "nasbench201", NASBENCH201)


def _table(title: str, space: str, published: Mapping[str, tuple[float, ...]]) -> ResultTable:
    table = latency_table(space)
    correlations = {
        source: tuple(spearman(table.latencies_of(platform), table.latencies_of(source)) for platform in TEST)
        for source in published
    }
    closest = tuple(max(column) for column in zip(*correlations.values(), strict=True))
    printed = {**published, "closest source": tuple(max(column) for column in zip(*published.values(), strict=True))}
    rows = [
        ResultRow(label=label, count=None, ours=ours, spreads=(None,) * 3, published=printed[label], seed_count=0)
        for label, ours in {**correlations, "closest source": closest}.items()
    ]
    return ResultTable(
        title=title,
        columns=TEST,
        rows=tuple(rows),
        differences=("None: both are over the whole table. Table 11 is Tables 9 and 10.",),
    )
