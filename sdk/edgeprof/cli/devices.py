"""`edgeprof devices`: shows devices, and gives them names."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from edgeprof.cli.console import plain_table, print_table
from edgeprof.cli.device_options import devices_argument
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof_proto.records.device import Cpu

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.store import KnownDevice

    _Row: TypeAlias = tuple[KnownDevice | None, NamedDevice | None]
    """What is known of a device, and its name: one of the two, or both."""

DEFAULT_COMMAND = "show"
"""What `edgeprof devices` does where it is told nothing else."""

NOTHING_KNOWN = (
    "no device known yet: start `edgeprof-agent serve` on one, then `edgeprof devices HOST:PORT`, or give it a name by "
    "`edgeprof devices add HOST:PORT --name NAME`"
)


class _ShowByDefault(click.Group):
    """A group whose first command is taken where none is named: `edgeprof devices HOST:PORT` shows that device."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ShowByDefault)
def devices() -> None:
    """Show the devices that this host knows, or those named; give them names and tags.

    Without a command: show.
    """


@devices.command()
@devices_argument
@click.option(
    "--similar",
    type=click.Path(path_type=Path),
    metavar="PROFILE",
    help="Show instead which known platforms the one of this profile resembles.",
)
@click.option(
    "--picture", type=click.Path(path_type=Path), metavar="FILE", help="With --similar: draw a map of the platforms."
)
@click.option(
    "--discover", is_flag=True, help="Show instead the devices that announce themselves on the local network."
)
@json_option
def show(
    devices: "list[NamedDevice]", similar: Path | None, picture: Path | None, discover: bool, as_json: bool
) -> None:
    """Show these devices as they are now, or all that this host knows as they were."""
    if discover:
        if devices or similar is not None:
            raise click.UsageError("--discover asks the network for all devices; leave devices and --similar out")
        from edgeprof.cli.discovered_devices import print_discovered

        print_discovered(as_json=as_json)
        return
    if similar is not None:
        if devices:
            raise click.UsageError("--similar compares a profile with platforms, not with devices: leave addresses out")
        from edgeprof.cli.similar_platforms import print_similar

        print_similar(similar, picture, as_json=as_json)
        return
    if picture is not None:
        raise click.UsageError("--picture draws the map of --similar; name a profile with it")
    import edgeprof

    known = edgeprof.known_devices([device.address for device in devices])
    rows = _named(known, devices or edgeprof.named_devices())
    if as_json:
        print_json([_document(*row) for row in rows])
    elif rows:
        _print(rows)
    else:
        click.echo(NOTHING_KNOWN)


@devices.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("--name", required=True, help="Name of the device on this host: --device NAME.")
@click.option("--tag", "tags", multiple=True, help="Tag that it shares with others: --tag TAG; may be given again.")
def add(address: str, name: str, tags: tuple[str, ...]) -> None:
    """Give the device whose agent is at HOST:PORT a name, in the place of what had the name before."""
    import edgeprof

    before = next((device for device in edgeprof.named_devices() if device.name == name), None)
    added = edgeprof.add_device(address, name, tags=tags)
    click.echo(f"{name} is the device at {_place(added)}: `edgeprof devices {name}` asks it what it is")
    if before is not None and before != added:
        click.echo(f"before, {name} was the device at {_place(before)}")


@devices.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Take names of devices away; what was paired and measured stays."""
    import edgeprof

    for name in names:
        click.echo(f"{name} was the device at {edgeprof.remove_device(name).address}")


def _place(device: "NamedDevice") -> str:
    return device.address + (f", tagged {', '.join(device.tags)}" if device.tags else ", without a tag")


def _named(known: "Sequence[KnownDevice]", named: "Sequence[NamedDevice]") -> "list[_Row]":
    """Return what is known with its names, of which an address may have several, and then what was never seen."""
    names: dict[str, list[NamedDevice]] = {}
    for device in named:
        names.setdefault(device.address, []).append(device)
    seen: list[_Row] = [(item, device) for item in known for device in names.pop(item.address, [None])]
    return seen + [(None, device) for devices in names.values() for device in devices]


def _document(known: "KnownDevice | None", named: "NamedDevice | None") -> dict[str, Any]:
    """A device for machines; what is not known of it is null."""
    from edgeprof_proto.record_json import to_json

    has_name = named is not None and named.name != named.address
    return {
        "name": named.name if named is not None and has_name else None,
        "tags": named.tags if named is not None else (),
        "address": known.address if known is not None else named.address if named is not None else None,
        "last_seen_time": None if known is None else known.last_seen_time.isoformat(),
        "device": None if known is None else to_json(known.device),
    }


def _print(rows: "Sequence[_Row]") -> None:

    table = plain_table()
    has_names = any(device is not None and device.name != device.address for _, device in rows)
    for heading in (*(("name", "tags") if has_names else ()), "device", "address", "processor", "memory", "runtimes"):
        table.add_column(heading)
    table.add_column("last seen")
    for item, named in rows:
        names = _name_and_tags(named) if has_names else ()
        if item is None:
            table.add_row(*names, "", named.address if named is not None else "", "", "", "", "never")
            continue
        device = item.device
        runtimes = [
            f"{runtime.name} {runtime.version}" if runtime.version else f"{runtime.name}: none"
            for runtime in device.runtimes
        ]
        memory = "not reported" if device.memory_bytes is None else f"{device.memory_bytes / 2**30:.1f} GiB"
        table.add_row(
            *names,
            item.name,
            item.address,
            f"{_cpu_text(device.cpu)}, {device.cpu.core_count} cores",
            memory,
            "\n".join(runtimes),
            _ago(item.last_seen_time),
        )
    print_table(table)


def _name_and_tags(device: "NamedDevice | None") -> tuple[str, str]:
    if device is None or device.name == device.address:
        return "", ""
    return device.name, ", ".join(device.tags)


def _ago(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC")


def _cpu_text(cpu: Cpu) -> str:
    name = cpu.model or cpu.architecture
    is_narrow = cpu.process_architecture not in ("", cpu.architecture)
    return f"{name} ({cpu.process_architecture} system on an {cpu.architecture} kernel)" if is_narrow else name
