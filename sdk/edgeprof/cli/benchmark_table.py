"""The table of `edgeprof benchmark` with several models or runtimes."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgeprof.cli.console import console, messages, plain_table, print_table
from edgeprof.cli.measurement_text import deciding_inputs_text
from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_json
from edgeprof.cli.progress import TableProgress, print_waiting
from edgeprof.cli.resources_text import NOT_REPORTED, energy_of_run, mebibytes
from edgeprof.measuring.benchmark_table import TableListener
from edgeprof.measuring.table_order import BenchmarkRow, in_order
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import EnergyUse

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient

WHAT_IS_CERTAIN = (
    "A row is certainly faster than another where its whole interval lies below that of the other. A rank is one more "
    "than the number of rows that are certainly faster: of two rows with the same rank either may be the faster."
)

WHAT_IS_NOT_STABLE = (
    "{count} not stable: the times scattered or changed while they were measured, so that the interval may not hold. "
    "Measure again on a quiet device, or let `edgeprof compare` measure two in alternation."
)


def measure_table(
    client: "DeviceClient", models: Sequence[Any], plan: MeasurementPlan, *, as_json: bool, **options: Any
) -> None:
    """Measure a table and print it, also where the measuring ends early.

    The process ends with status 1 where a measurement failed, or a model was measured in none of its settings.

    Args:
        client: The device.
        models: As for `edgeprof.benchmark_table`.
        plan: The plan of each measurement.
        as_json: Whether to print it for machines.
        options: Further arguments of `edgeprof.benchmark_table`.
    """
    import edgeprof

    shown = _ShownTable(plan)
    try:
        with shown.progress:
            edgeprof.benchmark_table(client, models, plan=plan, listener=shown, **options)
    finally:
        # Ctrl-C and a device that is gone leave what is measured.
        rows = in_order(shown.rows)
        if any(row.result is not None for row in rows):
            (_print_json if as_json else _print)(rows)
    if has_failed(rows):
        sys.exit(1)


def has_failed(rows: Sequence[BenchmarkRow]) -> bool:
    """Return whether a measurement failed, or a model was measured in none of its settings."""
    measured = {row.model for row in rows if row.result is not None}
    return any(row.failure and not (row.is_refused and row.model in measured) for row in rows)


class _ShownTable(TableListener):
    """Shows the progress of a table, and keeps its rows."""

    def __init__(self, plan: MeasurementPlan) -> None:
        self.progress = TableProgress(plan)
        self.rows: list[BenchmarkRow] = []

    def on_preparing(self, row: BenchmarkRow) -> None:
        self.progress.prepare(_title(row))

    def on_begin(self, row_count: int) -> None:
        self.progress.begin(row_count)

    def on_row_started(self, row: BenchmarkRow) -> None:
        self.progress.begin_row(_title(row))

    def on_job_event(self, event: JobEvent) -> None:
        self.progress.on_job_event(event)

    def on_waiting(self, job: Job) -> None:
        print_waiting(job)

    def on_row(self, row: BenchmarkRow) -> None:
        self.rows.append(row)
        if not row.is_refused:
            self.progress.end_row()

    def on_collected(self, count: int) -> None:
        messages.print(f"{count} results of runs that were interrupted are in the store now")


def _title(row: BenchmarkRow) -> str:
    return f"{row.name} on {row.setting.runtime}"


def _print(rows: Sequence[BenchmarkRow]) -> None:
    device = next(row.result.device for row in rows if row.result is not None)
    levels = sorted({f"{row.interval.level:.0%}" for row in rows if row.interval is not None})
    count = "1 benchmark" if len(rows) == 1 else f"{len(rows)} benchmarks"
    title = f"{count} on {device.board or device.host_name}, fastest first"
    table = plain_table(title)
    table.add_column("rank", justify="right")
    for name in ("model", "runtime", "precision"):
        table.add_column(name, overflow="fold")
    for name in ("median", f"{' or '.join(levels)} interval".lstrip(), "model memory"):
        table.add_column(name, justify="right")
    has_energy = any(map(_energy_of, rows))
    if has_energy:
        table.add_column("energy a run", justify="right")
    for name in ("against the next", "verdict"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*_cells(row, has_energy=has_energy))
    print_table(table)
    console.print(WHAT_IS_CERTAIN)
    if sensors := sorted({use.sensor for row in rows if (use := _energy_of(row)) is not None}):
        console.print(f"Energies are those of {', '.join(sensors)}, idle power included.")
    unstable = sum(row.result is not None and not row.is_stable for row in rows)
    if unstable:
        console.print(WHAT_IS_NOT_STABLE.format(count="1 row is" if unstable == 1 else f"{unstable} rows are"))
    for row in rows:
        if row.result is not None and (warning := deciding_inputs_text(row.result.measurement.inputs)):
            console.print(f"{_title(row)}: {warning}")


def _energy_of(row: BenchmarkRow) -> EnergyUse | None:
    """Return what the sensor says that covers most of the device; None where none says anything."""
    return next(iter(row.result.measurement.energy_uses), None) if row.result is not None else None


def _cells(row: BenchmarkRow, *, has_energy: bool) -> list[str]:
    use = _energy_of(row)
    if row.result is None:
        how = "not measured" if row.is_refused else "failed"
        empty = [""] * (5 if has_energy else 4)
        return ["", row.name, row.setting.runtime, row.setting.precision, *empty, f"{how}: {row.failure}"]
    measurement, interval = row.result.measurement, row.interval
    certainty = {True: "certainly faster", False: "not certain", None: ""}[row.is_faster_than_next]
    return [
        "?" if row.rank is None else str(row.rank),
        row.name,
        measurement.setting.runtime,
        measurement.setting.precision,
        milliseconds(measurement.median_ms),
        "too few blocks" if interval is None else milliseconds_between(interval.lower_ms, interval.upper_ms),
        mebibytes(None if measurement.memory_use is None else measurement.memory_use.model_bytes),
        *([NOT_REPORTED if use is None else energy_of_run(use)] if has_energy else []),
        certainty,
        measurement.verdict.kind.text,
    ]


def _print_json(rows: Sequence[BenchmarkRow]) -> None:
    print_json([row_document(row) for row in rows])


def row_document(row: BenchmarkRow) -> dict[str, Any]:
    """Return a row for machines."""
    interval = row.interval
    measurement = None if row.result is None else row.result.measurement
    memory = None if measurement is None else measurement.memory_use
    energy = _energy_of(row)
    return {
        "rank": row.rank,
        "model": row.model,
        "name": row.name,
        "runtime": row.setting.runtime,
        "median_ms": row.median_ms,
        "lower_ms": None if interval is None else interval.lower_ms,
        "upper_ms": None if interval is None else interval.upper_ms,
        "level": None if interval is None else interval.level,
        "peak_memory_bytes": None if measurement is None else measurement.peak_memory_bytes,
        "runtime_memory_bytes": None if memory is None else memory.runtime_bytes,
        "model_memory_bytes": None if memory is None else memory.model_bytes,
        "run_energy_mj": None if energy is None else energy.run_energy_mj,
        "energy_sensor": None if energy is None else energy.sensor,
        "is_certainly_faster_than_next": row.is_faster_than_next,
        "verdict": None if measurement is None else measurement.verdict.kind.value,
        "failure": row.failure or None,
        "is_refused": row.is_refused,
        "setting": to_json(row.setting if measurement is None else measurement.setting),
        "job_id": None if row.result is None else row.result.job_id,
        "measurement": None if measurement is None else to_json(measurement),
    }
