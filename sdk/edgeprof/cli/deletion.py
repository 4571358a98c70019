"""What `edgeprof results --delete` says and asks."""

import sys
from typing import TYPE_CHECKING

import click

from edgeprof.cli.plain_output import print_json

if TYPE_CHECKING:
    from edgeprof.reporting import Deletion, Results


def delete(found: "Results", *, is_agreed: bool, as_json: bool) -> None:
    """Delete results, once the user has seen what goes and agrees.

    Args:
        found: The results.
        is_agreed: Whether the user agrees already.
        as_json: Whether to print what was done as JSON.
    """
    deletion = found.deletion()
    click.echo(_said(deletion), err=as_json)
    if not deletion.results:
        return
    if not is_agreed and not _is_wanted(len(deletion.results)):
        click.echo("nothing is deleted", err=True)
        sys.exit(1)
    deletion = found.delete()
    if as_json:
        print_json(
            {
                "deleted": [item.number for item in deletion.results],
                "kept_in_progress": deletion.in_progress_count,
                "kept_in_part": deletion.in_part_count,
            }
        )
        return
    click.echo(f"deleted {counted(len(deletion.results))}")


def _is_wanted(count: int) -> bool:
    try:
        return click.confirm(f"delete {counted(count)} with every raw sample?", err=True)
    except click.Abort:
        click.echo(err=True)
        raise click.Abort("nothing is deleted; --yes answers where nobody can be asked") from None


def _said(deletion: "Deletion") -> str:
    if deletion.results:
        times = [item.store_time.astimezone().strftime("%Y-%m-%d %H:%M") for item in deletion.results]
        devices = sorted({item.device for item in deletion.results})
        lines = [f"{counted(len(times))} would go, stored from {times[-1]} to {times[0]}, of {', '.join(devices)}"]
    else:
        lines = ["no result would go"]
    if deletion.in_progress_count:
        lines.append(f"{counted(deletion.in_progress_count)} stay: sessions that have not ended need them")
    if deletion.in_part_count:
        lines.append(
            f"{counted(deletion.in_part_count)} stay: other results of their sessions are not to go, and the networks "
            "of a session are known relative to each other"
        )
    return "\n".join(lines)


def counted(count: int) -> str:
    """Return a number of results in words."""
    return f"{count} result{'s' if count != 1 else ''}"
