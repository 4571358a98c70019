"""`edgeprof jobs`."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from edgeprof.cli.console import plain_table, print_table
from edgeprof.cli.device_options import devices_argument, require_devices
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof_proto.records.job import Job

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice


@click.command()
@devices_argument
@click.option("--cancel", "cancelled", metavar="ID", multiple=True, help="Cancel this job; may be given again.")
@click.option(
    "--drop", "dropped", metavar="ID", multiple=True, help="Let the device delete this result; may be given again."
)
@json_option
def jobs(devices: "list[NamedDevice]", cancelled: tuple[str, ...], dropped: tuple[str, ...], as_json: bool) -> None:
    """Show the jobs that devices keep, newest first, or cancel those of one or drop their results."""
    import edgeprof
    from edgeprof_proto.record_json import to_json

    require_devices(devices)
    if len(devices) > 1 and (cancelled or dropped):
        raise click.UsageError("--cancel and --drop take one device: a job is on one")
    found = {}
    for device in devices:
        with edgeprof.connect(device.address) as client:
            for job_id in cancelled:
                client.cancel_job(job_id)
            client.acknowledge(dropped)
            found[device.name] = list(client.jobs())
        if not as_json:
            _print(device.name, found[device.name], has_title=len(devices) > 1)
    if as_json:
        documents = {name: [to_json(job) for job in of_device] for name, of_device in found.items()}
        print_json(documents if len(devices) > 1 else next(iter(documents.values())))


def _print(name: str, found: Sequence[Job], *, has_title: bool) -> None:
    if not found:
        click.echo(f"{name} keeps no job")
        return

    table = plain_table(name if has_title else None)
    for heading in ("job", "state", "asked", "host", "result"):
        table.add_column(heading)
    for job in found:
        asked = datetime.fromtimestamp(job.create_time, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        is_kept = job.state.is_final and job.acknowledge_time is None
        result = "kept until it is stored" if is_kept else "stored by its host" if job.state.is_final else ""
        table.add_row(job.job_id, job.state.name.lower().replace("_", " "), asked, job.host_name or "-", result)
    print_table(table)
