"""`edgeprof collect`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.arguments import MAX_NETWORK_COUNT
from edgeprof.cli.console import messages
from edgeprof.cli.device_options import devices_option
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.parameters import (
    DEFAULT_SPACE,
    Count,
    calibration_option,
    json_option,
    seed_option,
    setting_from,
    setting_options_beside_runtime,
)

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.fleet.collected_table import CollectedPlatform
    from edgeprof_proto.records.job_spec import Setting

HEADINGS = ("platform", "networks", "not converged", "anchor slower")


@click.command()
@devices_option
@click.option("--space", default=DEFAULT_SPACE, show_default=True, help="Search space.")
@click.option("--count", type=Count(2, MAX_NETWORK_COUNT), required=True, help="Networks to measure.")
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    help="Runtime on the device; given again, each makes a platform of its own.  [default: onnxruntime, or else the "
    "first it has]",
)
@setting_options_beside_runtime
@calibration_option
@seed_option("Seed by which the networks are drawn; a larger --count goes on from a smaller one.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="TABLE.csv",
    help="Table to write, a row for each network and platform.",
)
@json_option
def collect(
    devices: "list[NamedDevice]",
    space: str,
    count: int,
    runtimes: tuple[str, ...],
    calibration: Path | None,
    seed: int,
    output: Path,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Measure networks of a search space on devices, as a table of architectures by platforms.

    Each is measured as a sample of an onboarding, and the anchor again and again. Then: edgeprof fit TABLE.csv

    Interrupted, the same command goes on where it stopped, for days and weeks.
    """
    import edgeprof
    from edgeprof.cli.fleet_progress import FleetProgress
    from edgeprof.cli.fleet_report import print_outcomes
    from edgeprof.cli.session_progress import expected_measurements

    def settings_of(client: "DeviceClient") -> "Sequence[Setting]":
        if not runtimes:
            return [device_setting(client, runtime=None, is_told=False, **setting_values)]
        return [setting_from(runtime=runtime, **setting_values) for runtime in runtimes]

    total = expected_measurements(count) * max(len(runtimes), 1)
    with FleetProgress(devices, total) as progress:
        collected = edgeprof.collect(
            devices,
            space,
            count,
            output,
            settings=settings_of,
            seed=seed,
            calibration=calibration,
            listener=progress,
        )
    if rows := len(collected.architectures):
        messages.print(f"{output}: {rows} of {count} networks, those that were measured on every platform of the table")
    else:
        messages.print(f"{output} is not written: no network was measured on every platform")
    print_outcomes(collected.outcomes, HEADINGS, _cells, _document, as_json=as_json)


def _cells(platforms: "Sequence[CollectedPlatform]") -> list[tuple[str, ...]]:
    return [tuple(map(str, _figures(platform).values())) for platform in platforms]


def _document(platforms: "Sequence[CollectedPlatform]") -> list[dict[str, Any]]:
    return [_figures(platform) for platform in platforms]


def _figures(platform: "CollectedPlatform") -> dict[str, Any]:
    networks = [network for network, _ in platform.networks().values()]
    return {
        "platform": platform.name,
        "network_count": len(networks),
        "unconverged_count": sum(not network.is_converged for network in networks),
        "drifted_count": platform.drifted_count(),
    }
