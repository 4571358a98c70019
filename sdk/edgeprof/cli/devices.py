"""`edgeprof devices`."""

from datetime import datetime
from pathlib import Path

import click

from edgeprof.cli.console import print_table
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof_proto.records.device import Cpu


@click.command()
@click.argument("addresses", nargs=-1, metavar="[HOST:PORT]...")
@click.option(
    "--similar",
    type=click.Path(path_type=Path),
    metavar="PROFILE",
    help="Show instead which known platforms the one of this profile resembles.",
)
@click.option(
    "--picture", type=click.Path(path_type=Path), metavar="FILE", help="With --similar: draw a map of the platforms."
)
@json_option
def devices(addresses: tuple[str, ...], similar: Path | None, picture: Path | None, as_json: bool) -> None:
    """Show the devices at the addresses given, or all that this host has connected to."""
    if similar is not None:
        if addresses:
            raise click.UsageError("--similar compares a profile with platforms, not with devices: leave addresses out")
        from edgeprof.cli.similar_platforms import print_similar

        print_similar(similar, picture, as_json=as_json)
        return
    if picture is not None:
        raise click.UsageError("--picture draws the map of --similar; name a profile with it")
    from rich.table import Table

    import edgeprof
    from edgeprof_proto.record_json import to_json

    known = edgeprof.known_devices(addresses)
    if as_json:
        print_json(
            [
                {
                    "address": item.address,
                    "last_seen_time": item.last_seen_time.isoformat(),
                    "device": to_json(item.device),
                }
                for item in known
            ]
        )
        return
    if not known:
        click.echo("no device known yet: start `edgeprof-agent serve` on one, then `edgeprof devices HOST:PORT`")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("device", "address", "processor", "memory", "runtimes", "last seen"):
        table.add_column(heading)
    for item in known:
        device = item.device
        runtimes = [
            f"{runtime.name} {runtime.version}" if runtime.version else f"{runtime.name}: none"
            for runtime in device.runtimes
        ]
        memory = "not reported" if device.memory_bytes is None else f"{device.memory_bytes / 2**30:.1f} GiB"
        table.add_row(
            device.board or device.host_name,
            item.address,
            f"{_cpu_text(device.cpu)}, {device.cpu.core_count} cores",
            memory,
            "\n".join(runtimes),
            _ago(item.last_seen_time),
        )
    print_table(table)


def _ago(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC")


def _cpu_text(cpu: Cpu) -> str:
    name = cpu.model or cpu.architecture
    is_narrow = cpu.process_architecture not in ("", cpu.architecture)
    return f"{name} ({cpu.process_architecture} system on an {cpu.architecture} kernel)" if is_narrow else name
