"""The public call `collect`: a table of latencies, architectures by platforms, measured on several devices at once."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgeprof.arguments import require_count, require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.pairings import NamedDevice
from edgeprof.errors import InvalidArgumentError
from edgeprof.fleet.collected_table import CollectedPlatform, CollectedTable
from edgeprof.fleet.collection_part import CollectedPart, collect_part, collected_before, left_of, parts_of
from edgeprof.fleet.devices_at_once import DeviceOutcome, Devices, FleetListener, named, on_each_device
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.onboarding.procedure import PLAN
from edgeprof.output_files import check_output
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform, default_setting, resolve_platform
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

MIN_NETWORK_COUNT = 2
"""Networks of a table at least: from one nothing can be learned."""

SUFFIX = ".csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Result of a collection.

    Args:
        path: File of the table.
        architectures: Its architectures: those that were measured on every platform of which there is anything.
        outcomes: What came of each device: its platforms, those of the settings in their order.
    """

    path: Path
    architectures: tuple[str, ...]
    outcomes: tuple[DeviceOutcome[list[CollectedPlatform]], ...]


def collect(
    devices: Devices,
    space: str,
    count: int,
    output: str | os.PathLike[str],
    *,
    settings: Callable[[DeviceClient], Sequence[Setting]] | Sequence[Setting] | None = None,
    plan: MeasurementPlan = PLAN,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    model_folder: str | os.PathLike[str] | None = None,
    calibration: str | os.PathLike[str] | None = None,
    listener: FleetListener | None = None,
) -> Collected:
    """Measure networks of a search space on devices, and write a table that `import_table` and `fit` read.

    Each network is measured as an onboarding measures its samples, and the anchor again and again, within a session and
    from one to the next. The table is written anew now and then. Called again, it goes on where each device stopped; a
    larger count goes on from a smaller one. A device that fails stops no other.

    Args:
        devices: Names or addresses of the devices, or what `find_devices` returns.
        space: Name of the search space.
        count: Networks to measure on each platform.
        output: File of the table, ending in `.csv`.
        settings: How the networks run, each setting making a platform of its own, or a function that returns it for a
            connected device; None for the default of each device.
        plan: How long and how often to run each.
        seed: Seed by which the networks are drawn.
        store: Where plans and results are written, or its file; None for the user's own.
        model_folder: Where exported networks are kept; None for the user's cache.
        calibration: Inputs (.npz) by which an integer precision is scaled; None for synthetic ones.
        listener: Is called at every step, from several threads.

    Raises:
        InvalidArgumentError: If the space has fewer networks, or the file another ending.
        InvalidAddressError: If a device is neither a name nor an address.
        OutputFileError: If the table cannot be written.
        PredictorError: If the space is unknown.
    """
    _check_table(output)
    architectures = _drawn(space, count, seed)
    listener, chosen = listener or FleetListener(), named(devices)
    table = CollectedTable(output, architectures)
    measure = partial(collect_part, seed=seed, plan=plan, model_folder=model_folder, calibration=calibration)

    def work(device: NamedDevice, client: DeviceClient) -> list[CollectedPlatform]:
        platforms = _platforms(client, settings(client) if callable(settings) else settings, shared)
        of_device = listener.listener_of(device)
        collected: dict[str, CollectedPlatform] = {}
        for part in parts_of(architectures):  # of all platforms, so that the table grows together
            for platform in platforms:
                measure_on = partial(measure, client, platform, shared, space, listener=of_device)
                for item in _with_the_rest(part, collected_before(shared, platform, part), measure_on, of_device):
                    collected[platform.key] = table.add(device, platform, item)
        return list(collected.values())

    with opened(store) as shared, table:
        outcomes = on_each_device(chosen, work, listener)
    return Collected(path=Path(output), architectures=table.complete(), outcomes=outcomes)


def _with_the_rest(
    part: Sequence[str],
    collected: Sequence[CollectedPart],
    measure: Callable[[Sequence[str]], CollectedPart],
    listener: OnboardingListener,
) -> list[CollectedPart]:
    """Return all that there is of a part: what was collected before, and what is measured now."""
    listener.on_resumed([network.architecture for item in collected for network in item.networks])
    left = left_of(part, collected)
    return [*collected, measure(left)] if left else list(collected)


def _check_table(output: str | os.PathLike[str]) -> None:
    if Path(output).suffix.lower() != SUFFIX:
        raise InvalidArgumentError(f"a table is written as {SUFFIX}, got {os.fspath(output)}")
    check_output(output)


def _drawn(space: str, count: int, seed: int) -> list[str]:
    """Return the texts of architectures, of which a larger count goes on from a smaller one."""
    require_seed(seed)
    found = get_space(space)
    require_count("the number of networks", count, MIN_NETWORK_COUNT, found.size)
    return [found.format(item) for item in found.sample(count, seed=seed)]


def _platforms(client: DeviceClient, settings: Sequence[Setting] | None, store: Store) -> list[Platform]:
    """Return the platforms of a device, once it is known that networks can be exported for all of them."""
    device = client.device()
    store.record_device(device, client.address, agent_version=client.agent_version)
    wanted = [default_setting(device)] if settings is None else settings
    for setting in wanted:
        require_exportable(device, setting)
    return list({found.key: found for found in (resolve_platform(device, setting) for setting in wanted)}.values())
