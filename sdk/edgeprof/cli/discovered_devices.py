"""`edgeprof devices --discover`."""

import dataclasses

import click

import edgeprof
from edgeprof.cli.console import messages, plain_table, print_table
from edgeprof.cli.plain_output import print_json


def print_discovered(*, as_json: bool) -> None:
    """Print the devices that announce themselves on the local network.

    Args:
        as_json: Whether to print them for machines.
    """
    with messages.status("asking the local network"):
        found = edgeprof.discover_devices()
    names = {device.address: device.name for device in edgeprof.named_devices()}
    if as_json:
        print_json([{"name": names.get(item.address), **dataclasses.asdict(item)} for item in found])
        return
    if not found:
        click.echo("no device announces itself on this network: start `edgeprof-agent serve --announce` on one")
        return
    table = plain_table()
    for heading in ("name", "host", "address", "agent"):
        table.add_column(heading)
    for item in found:
        table.add_row(names.get(item.address, ""), item.host_name, item.address, item.version)
    print_table(table)
    messages.print("`edgeprof devices add ADDRESS --name NAME` gives one a name, `edgeprof pair NAME` pairs with it")
