"""The table of a measured model's operators."""

from edgeprof.cli.console import console, plain_table, print_table
from edgeprof.cli.plain_output import milliseconds
from edgeprof_proto.records.measurement import Measurement

MAX_SHOWN_OPERATORS = 30
"""Operators in the table, the slowest; `--json` has all of them."""


def print_operators(measurement: Measurement) -> None:
    """Print the slowest operators of a measurement, and their sum beside the measured median.

    Args:
        measurement: The measurement, made with `wants_operators`.
    """
    operators = sorted(measurement.operators, key=lambda item: item.time_ms, reverse=True)
    if not operators:
        console.print(f"operators: not reported by {measurement.setting.runtime}")
        return
    table = plain_table("operators, timed in runs of their own")
    for name in ("time", "share"):
        table.add_column(name, justify="right")
    for name in ("type", "shapes", "on", "name"):
        table.add_column(name, overflow="fold")
    for item in operators[:MAX_SHOWN_OPERATORS]:
        shapes = ", ".join(item.shapes)
        table.add_row(milliseconds(item.time_ms), f"{item.share:.1%}", item.type, shapes, item.provider, item.name)
    print_table(table)
    more = len(operators) - MAX_SHOWN_OPERATORS
    total = sum(item.time_ms for item in operators)
    console.print(
        f"{len(operators)} operators{f', {more} not shown' if more > 0 else ''}: {milliseconds(total)} together, the "
        f"measured median is {milliseconds(measurement.median_ms)}"
    )
