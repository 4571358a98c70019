"""`edgeprof doctor`."""

import sys

import click

from edgeprof.cli.console import print_table, styled
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof_proto.records.check import CheckLevel

LEVEL_STYLE = {
    CheckLevel.GOOD: "green",
    CheckLevel.WARNING: "yellow",
    CheckLevel.TROUBLE: "bold red",
    CheckLevel.NOT_REPORTED: "dim",
}


@click.command()
@click.argument("address", metavar="HOST:PORT")
@json_option
def doctor(address: str, as_json: bool) -> None:
    """Find out why a device cannot be used, or why its measurements are unreliable, and what to do.

    The exit status is 1 where a check found trouble.
    """
    from rich.table import Table

    import edgeprof
    from edgeprof_proto.record_json import to_json

    checks = edgeprof.diagnose(address)
    if as_json:
        print_json(to_json(checks))
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("level", "check", "finding and what to do"):
            table.add_column(heading, no_wrap=heading != "finding and what to do", overflow="fold")
        for check in checks:
            style = LEVEL_STYLE[check.level]
            table.add_row(styled((check.level.value.replace("_", " "), style)), check.name, check.finding)
            if check.remedy:
                table.add_row("", "", f"-> {check.remedy}")
        print_table(table)
    if any(check.level is CheckLevel.TROUBLE for check in checks):
        sys.exit(1)
