"""`edgeprof profiles`."""

from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import click

from edgeprof.cli.console import messages, plain_table, print_table
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]...")
@json_option
def profiles(paths: tuple[Path, ...], as_json: bool) -> None:
    """Show the profiles in this folder, or in the files and folders named: of which devices, and how old."""
    import edgeprof

    found = edgeprof.find_profiles(paths or (Path(),))
    if as_json:
        print_json(
            [{**asdict(item), "path": str(item.path), "write_time": item.write_time.isoformat()} for item in found]
        )
        return
    readable = [item for item in found if not item.problem]
    for item in found:
        if item.problem:
            messages.print(f"passed over: {item.problem}")
    if not readable:
        click.echo("there is no profile here; `edgeprof onboard` writes one")
        return
    table = plain_table()
    for heading in ("file", "predicts", "expected error", "written", "platform"):
        table.add_column(heading, overflow="fold")
    for item in readable:
        table.add_row(
            str(item.path), item.subject or "models", item.expected_error or "-", _age(item.write_time), item.platform
        )
    print_table(table)


def _age(time: datetime) -> str:
    days = (datetime.now(timezone.utc) - time).days
    ago = "today" if days < 1 else f"{days} day{'s' if days > 1 else ''} ago"
    return f"{time.astimezone():%Y-%m-%d %H:%M}, {ago}"
