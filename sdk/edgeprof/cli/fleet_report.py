"""The table at the end of what was done on several devices, and the exit status."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgeprof.cli.console import messages, plain_table, print_table
from edgeprof.cli.plain_output import print_json
from edgeprof.fleet.devices_at_once import DeviceOutcome

if TYPE_CHECKING:
    from edgeprof.fleet.profile_folder import OnboardedDevice

T = TypeVar("T")


def print_kept(outcomes: "Sequence[DeviceOutcome[OnboardedDevice[Any]]]", folder: Path) -> None:
    """Say which devices were not onboarded since their profiles were there.

    Args:
        outcomes: What came of each device.
        folder: The folder of the profiles.
    """
    kept = [outcome.device.name for outcome in outcomes if outcome.result and outcome.result.onboarded is None]
    if kept:
        messages.print(f"in {folder} already, and left as they are: {', '.join(kept)}; remove a file to onboard anew")


def print_outcomes(
    outcomes: Sequence[DeviceOutcome[T]],
    headings: Sequence[str],
    cells_of: Callable[[T], Sequence[Sequence[str]]],
    document_of: Callable[[T], Any],
    *,
    as_json: bool,
) -> None:
    """Print what came of each device, and end the process with status 1 where one failed.

    Args:
        outcomes: What came of each device.
        headings: Names of the columns after the device.
        cells_of: Returns the rows of a device, each with a cell for each heading.
        document_of: Returns the result of a device for machines.
        as_json: Whether to print it for machines.
    """
    if as_json:
        print_json([_document(outcome, document_of) for outcome in outcomes])
    else:
        table = plain_table()
        table.add_column("device", no_wrap=True)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for outcome in outcomes:
            # Why was printed when it failed.
            rows = [("failed",)] if outcome.result is None else cells_of(outcome.result)
            for row in rows:
                table.add_row(outcome.device.name, *row)
        print_table(table)
    failed = [outcome.device.name for outcome in outcomes if outcome.failure]
    if failed:
        messages.print(
            f"{len(failed)} of {len(outcomes)} devices failed: {', '.join(failed)}; nothing measured is lost: once "
            "that is mended, the same command goes on where they stopped"
        )
        sys.exit(1)


def _document(outcome: DeviceOutcome[T], document_of: Callable[[T], Any]) -> dict[str, Any]:
    return {
        "device": outcome.device.name,
        "address": outcome.device.address,
        "failure": outcome.failure or None,
        "result": None if outcome.result is None else document_of(outcome.result),
    }
