"""`edgeprof doctor`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from edgeprof.cli.console import plain_table, print_table, styled
from edgeprof.cli.device_options import devices_argument, require_devices
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof_proto.records.check import Check, CheckLevel

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice

LEVEL_STYLE = {
    CheckLevel.GOOD: "green",
    CheckLevel.WARNING: "yellow",
    CheckLevel.TROUBLE: "bold red",
    CheckLevel.NOT_REPORTED: "dim",
}


@click.command()
@devices_argument
@json_option
def doctor(devices: "list[NamedDevice]", as_json: bool) -> None:
    """Find out why devices cannot be used, or why their measurements are unreliable, and what to do.

    The exit status is 1 where a check found trouble.
    """
    import edgeprof
    from edgeprof_proto.record_json import to_json

    require_devices(devices)
    found = {}
    for device in devices:
        found[device.name] = edgeprof.diagnose(device.address)
        if not as_json:
            _print(found[device.name], title=device.name if len(devices) > 1 else None)
    if as_json:
        documents = {name: to_json(checks) for name, checks in found.items()}
        print_json(documents if len(devices) > 1 else next(iter(documents.values())))
    if any(check.level is CheckLevel.TROUBLE for checks in found.values() for check in checks):
        sys.exit(1)


def _print(checks: Sequence[Check], title: str | None) -> None:

    table = plain_table(title)
    for heading in ("level", "check", "finding and what to do"):
        table.add_column(heading, no_wrap=heading != "finding and what to do", overflow="fold")
    for check in checks:
        style = LEVEL_STYLE[check.level]
        table.add_row(styled((check.level.value.replace("_", " "), style)), check.name, check.finding)
        if check.remedy:
            table.add_row("", "", f"-> {check.remedy}")
    print_table(table)
