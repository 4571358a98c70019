"""Rows of a table of benchmarks, fastest first, with what is certain about their order.

A row is certainly faster than another where the whole interval of its median lies below that of the other. Each
interval holds the median of nine measurements in ten (`edgeprof_proto.shared.interval`), so that two intervals that do
not touch contradict their order rarely. What changes between the measurements, as the load of the device, is in no
interval: a comparison that alternates (`comparison.py`) has it in its scatter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeprof.measuring.benchmark import Benchmark
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import MedianInterval, VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRow:
    """One model in one setting.

    Args:
        name: The model in reports.
        model: Its file, or the name of a torch module.
        setting: How it was to run; a result has the setting that ran.
        result: The measurement; None where there is none.
        failure: Why there is none; empty where there is one.
        is_refused: Whether it was known before anything was measured that it cannot run.
        rank: One more than the number of rows that are certainly faster; None without an interval.
        is_faster_than_next: Whether it is certainly faster than the next row; None where no measured row follows.
    """

    name: str
    model: str
    setting: Setting
    result: Benchmark | None = None
    failure: str = ""
    is_refused: bool = False
    rank: int | None = None
    is_faster_than_next: bool | None = None

    @property
    def median_ms(self) -> float | None:
        """Its median in milliseconds; None where it was not measured."""
        return None if self.result is None else self.result.measurement.median_ms

    @property
    def interval(self) -> MedianInterval | None:
        """The interval of its median; None where it was not measured, or in too few blocks."""
        return None if self.result is None else self.result.measurement.median_interval

    @property
    def is_stable(self) -> bool:
        """Whether it was measured with the verdict `stable`."""
        return self.result is not None and self.result.measurement.verdict.kind is VerdictKind.STABLE


def in_order(rows: Sequence[BenchmarkRow]) -> tuple[BenchmarkRow, ...]:
    """Return rows fastest first, with their ranks; then those that failed, then those that were refused.

    Args:
        rows: The rows in any order.
    """
    measured = sorted((row for row in rows if row.result is not None), key=lambda row: row.median_ms or 0.0)
    followers: list[BenchmarkRow | None] = [*measured[1:], None]
    ranked = [
        replace(
            row,
            rank=None if row.interval is None else 1 + sum(_is_faster(other, row) for other in measured),
            is_faster_than_next=None if follower is None else _is_faster(row, follower),
        )
        for row, follower in zip(measured, followers, strict=False)
    ]
    others = sorted((row for row in rows if row.result is None), key=lambda row: row.is_refused)
    return (*ranked, *others)


def _is_faster(row: BenchmarkRow, other: BenchmarkRow) -> bool:
    """Whether a row is certainly faster than another."""
    return row.interval is not None and other.interval is not None and row.interval.upper_ms < other.interval.lower_ms
