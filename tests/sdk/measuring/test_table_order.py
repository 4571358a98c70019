"""What is certain about the order of a table of benchmarks."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from edgeprof.measuring.table_order import BenchmarkRow, in_order
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import MedianInterval


def row(name: str, median_ms: float, half_width_ms: float | None) -> BenchmarkRow:
    interval = half_width_ms and MedianInterval(
        median_ms=median_ms, lower_ms=median_ms - half_width_ms, upper_ms=median_ms + half_width_ms, level=0.9
    )
    result = SimpleNamespace(measurement=SimpleNamespace(median_ms=median_ms, median_interval=interval))
    return BenchmarkRow(name=name, model=name, setting=Setting(runtime="simulated"), result=cast(Any, result))


def without_result(name: str, *, is_refused: bool) -> BenchmarkRow:
    return BenchmarkRow(
        name=name, model=name, setting=Setting(runtime="simulated"), failure="no", is_refused=is_refused
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", 2.0, 0.1), ("b", 1.0, 0.1)], [("b", 1, True), ("a", 2, None)]),
        ([("a", 1.1, 0.1), ("b", 1.0, 0.1)], [("b", 1, False), ("a", 1, None)]),
        # c is certainly slower than a, not than b.
        (
            [("a", 1.0, 0.1), ("b", 1.15, 0.1), ("c", 1.3, 0.1), ("d", 2.0, 0.1)],
            [("a", 1, False), ("b", 1, False), ("c", 2, True), ("d", 4, None)],
        ),
        # Without an interval nothing is certain.
        ([("a", 1.0, 0.1), ("b", 2.0, None), ("c", 3.0, 0.1)], [("a", 1, False), ("b", None, False), ("c", 2, None)]),
    ],
)
def test_a_rank_counts_the_rows_that_are_certainly_faster(
    rows: list[tuple[str, float, float | None]], expected: list[tuple[str, int | None, bool | None]]
) -> None:
    found = in_order([row(*facts) for facts in rows])
    assert [(item.name, item.rank, item.is_faster_than_next) for item in found] == expected


def test_rows_that_were_not_measured_come_last() -> None:
    rows = [without_result("c", is_refused=True), without_result("b", is_refused=False), row("a", 1.0, 0.1)]
    assert [(item.name, item.rank) for item in in_order(rows)] == [("a", 1), ("b", None), ("c", None)]
