"""`edgeprof onboard --models` on several devices at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import edgeprof
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.fleet_progress import FleetProgress
from edgeprof.cli.fleet_report import print_kept, print_outcomes
from edgeprof.cli.onboard_models import models_document

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.fleet.profile_folder import OnboardedDevice
    from edgeprof.operator_models.api import OnboardedModels

HEADINGS = ("platform", "profile", "probes", "models", "expected error")


def onboard_models_on(
    devices: "list[NamedDevice]",
    models: Sequence[Path],
    setting_values: dict[str, Any],
    *,
    output: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Onboard models on devices and print what came of each; the process ends with status 1 where one failed.

    Args:
        devices: The devices.
        models: Whole models that are measured beside the probes.
        setting_values: Values of the options that make a setting.
        output: Folder of the profiles.
        as_json: Whether to print it for machines.
        options: Further arguments of `edgeprof.onboard_models_fleet`.
    """
    with FleetProgress(devices) as progress:
        outcomes = edgeprof.onboard_models_fleet(
            devices,
            models,
            setting=lambda client: device_setting(client, is_told=False, **setting_values),
            output=output,
            listener=progress,
            **options,
        )
    print_kept(outcomes, output)
    print_outcomes(outcomes, HEADINGS, _cells, _document, as_json=as_json)


def _cells(result: "OnboardedDevice[OnboardedModels]") -> list[tuple[str, ...]]:
    done = result.onboarded
    counts = ("", "") if done is None else (str(done.probe_count), str(done.model_count))
    return [(result.platform, str(result.path), *counts, result.expected_error)]


def _document(result: "OnboardedDevice[OnboardedModels]") -> dict[str, Any]:
    return {
        "platform": result.platform,
        "profile": str(result.path),
        "expected_error": result.expected_error,
        "report": None if result.onboarded is None else models_document(result.onboarded),
    }
