"""`edgeprof benchmark` on several devices at once."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import edgeprof
from edgeprof.cli.benchmark_table import has_failed, row_document
from edgeprof.cli.device_setting import table_settings
from edgeprof.cli.fleet_progress import FleetProgress
from edgeprof.cli.fleet_report import print_outcomes
from edgeprof.cli.plain_output import milliseconds, milliseconds_between
from edgeprof.measuring.benchmark_table import BenchmarkTable
from edgeprof.measuring.table_order import BenchmarkRow

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice

HEADINGS = ("model", "runtime", "precision", "median", "interval", "verdict")


def benchmark_on(
    devices: "list[NamedDevice]",
    models: Sequence[str],
    runtimes: Sequence[str],
    setting_values: dict[str, Any],
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure models on devices and print all results; the process ends with status 1 where a device failed.

    Args:
        devices: The devices.
        models: The models.
        runtimes: Names of the runtimes; none for the default of each model and device.
        setting_values: What the options say of the setting, but for the runtime.
        as_json: Whether to print it for machines.
        options: Further arguments of `edgeprof.benchmark_fleet`.
    """
    with FleetProgress(devices) as progress:
        outcomes = edgeprof.benchmark_fleet(
            devices,
            models,
            lambda client: table_settings(client, runtimes, **setting_values),
            listener=progress,
            **options,
        )
    print_outcomes(outcomes, HEADINGS, _cells, _document, as_json=as_json)
    if any(has_failed(outcome.result.rows) for outcome in outcomes if outcome.result is not None):
        sys.exit(1)


def _cells(table: BenchmarkTable) -> list[tuple[str, ...]]:
    return [_row_cells(row) for row in table.rows]


def _row_cells(row: BenchmarkRow) -> tuple[str, ...]:
    if row.result is None:
        return row.name, row.setting.runtime, row.setting.precision, "", "", row.failure
    setting, interval = row.result.platform.setting, row.interval
    between = "" if interval is None else milliseconds_between(interval.lower_ms, interval.upper_ms)
    verdict = row.result.measurement.verdict.kind.text
    return (
        row.name,
        setting.runtime,
        setting.precision,
        milliseconds(row.result.measurement.median_ms),
        between,
        verdict,
    )


def _document(table: BenchmarkTable) -> list[dict[str, Any]]:
    return [row_document(row) for row in table.rows]
