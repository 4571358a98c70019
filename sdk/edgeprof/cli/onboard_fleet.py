"""`edgeprof onboard` on several devices at once."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import edgeprof
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.fleet_progress import FleetProgress
from edgeprof.cli.fleet_report import print_kept, print_outcomes
from edgeprof.cli.session_progress import expected_measurements
from edgeprof.measuring.provenance import SAMPLE_COUNT
from edgeprof_predictor.profile_file import ProfileFile

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.fleet.profile_folder import OnboardedDevice
    from edgeprof.onboarding import Onboarded

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
    print_kept(outcomes, output)
    space = options["space"]
    print_outcomes(outcomes, HEADINGS, partial(_cells, space=space), partial(_document, space=space), as_json=as_json)


def _sample_count(result: "OnboardedDevice[Onboarded]", space: str) -> int | None:
    """Return how many samples a profile has, also one that was there before; None where its version did not say."""
    if result.onboarded is not None:
        return len(result.onboarded.report.samples)
    if result.path is None:
        return None
    found = [
        content.provenance.get(SAMPLE_COUNT, "")
        for content in ProfileFile(result.path).contents
        if (content.subject, content.platform.get("name")) == (space, result.platform)
    ]
    return int(found[0]) if found and found[0].isdecimal() else None


def _cells(result: "OnboardedDevice[Onboarded]", *, space: str) -> list[tuple[str, ...]]:
    count = _sample_count(result, space)
    samples = "not reported" if count is None else str(count)
    return [(result.platform, str(result.path), samples, result.expected_error)]


def _document(result: "OnboardedDevice[Onboarded]", *, space: str) -> dict[str, Any]:
    report = None if result.onboarded is None else dataclasses.asdict(result.onboarded.report)
    return {
        "platform": result.platform,
        "profile": str(result.path),
        "expected_error": result.expected_error,
        "sample_count": _sample_count(result, space),
        "report": report,
    }
