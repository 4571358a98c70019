"""`edgeprof onboard` on several devices at once."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import edgeprof
from edgeprof.cli.console import messages
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.fleet_progress import FleetProgress
from edgeprof.cli.fleet_report import print_outcomes
from edgeprof.cli.session_progress import expected_measurements

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.fleet.onboarding import OnboardedDevice

HEADINGS = ("platform", "profile", "samples", "expected error")


def onboard_on(
    devices: "list[NamedDevice]",
    network_count: int,
    setting_values: dict[str, Any],
    *,
    as_json: bool,
    output: Path,
    **options: Any,
) -> None:
    """Onboard devices and print what came of each; the process ends with status 1 where one failed.

    Args:
        devices: The devices.
        network_count: Networks to measure at most.
        setting_values: What the options say of the setting.
        as_json: Whether to print it for machines.
        output: Folder of the profiles.
        options: Further arguments of `edgeprof.onboard_fleet`.
    """
    with FleetProgress(devices, expected_measurements(network_count)) as progress:
        outcomes = edgeprof.onboard_fleet(
            devices,
            setting=lambda client: device_setting(client, is_told=False, **setting_values),
            output=output,
            listener=progress,
            **options,
        )
    kept = [outcome.device.name for outcome in outcomes if outcome.result and outcome.result.onboarded is None]
    if kept:
        messages.print(f"in {output} already, and left as they are: {', '.join(kept)}; remove a file to onboard anew")
    print_outcomes(outcomes, HEADINGS, _cells, _document, as_json=as_json)


def _cells(result: "OnboardedDevice") -> list[tuple[str, ...]]:
    samples = "" if result.onboarded is None else str(len(result.onboarded.report.samples))
    return [(result.platform, str(result.path), samples, result.expected_error)]


def _document(result: "OnboardedDevice") -> dict[str, Any]:
    report = None if result.onboarded is None else dataclasses.asdict(result.onboarded.report)
    return {
        "platform": result.platform,
        "profile": str(result.path),
        "expected_error": result.expected_error,
        "report": report,
    }
