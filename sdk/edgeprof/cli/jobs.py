"""`edgeprof jobs`."""

from datetime import datetime, timezone

import click

from edgeprof.cli.console import print_table
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json


@click.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("--cancel", "cancelled", metavar="ID", multiple=True, help="Cancel this job; may be given again.")
@click.option(
    "--drop", "dropped", metavar="ID", multiple=True, help="Let the device delete this result; may be given again."
)
@json_option
def jobs(address: str, cancelled: tuple[str, ...], dropped: tuple[str, ...], as_json: bool) -> None:
    """Show the jobs that a device keeps, newest first, or cancel them or drop their results."""
    from rich.table import Table

    import edgeprof
    from edgeprof_proto.record_json import to_json

    with edgeprof.connect(address) as client:
        for job_id in cancelled:
            client.cancel_job(job_id)
        client.acknowledge(dropped)
        found = list(client.jobs())
    if as_json:
        print_json([to_json(job) for job in found])
        return
    if not found:
        click.echo(f"the device at {address} keeps no job")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "state", "asked", "host", "result"):
        table.add_column(heading)
    for job in found:
        asked = datetime.fromtimestamp(job.create_time, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        is_kept = job.state.is_final and job.acknowledge_time is None
        result = "kept until it is stored" if is_kept else "stored by its host" if job.state.is_final else ""
        table.add_row(job.job_id, job.state.name.lower().replace("_", " "), asked, job.host_name or "-", result)
    print_table(table)
