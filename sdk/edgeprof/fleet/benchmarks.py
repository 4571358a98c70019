"""The public call `benchmark_fleet`: the same models measured on several devices at once."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edgeprof.arguments import as_list
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.pairings import NamedDevice
from edgeprof.exporters.module_converter import ModuleExports
from edgeprof.fleet.devices_at_once import DeviceOutcome, Devices, FleetListener, named, on_each_device
from edgeprof.measuring.benchmark_table import BenchmarkTable, TableListener, benchmark_table
from edgeprof.measuring.candidate import Candidate
from edgeprof.measuring.model_sources import require_readable
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.store import Store, opened
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job_spec import Setting

_MODEL_TYPES = (Candidate, str, os.PathLike)


def benchmark_fleet(
    devices: Devices,
    models: Sequence[Candidate | str | os.PathLike[str]] | Candidate | str | os.PathLike[str],
    settings: Callable[[DeviceClient], Sequence[Setting] | Callable[[str], Setting]] | Sequence[Setting] | None = None,
    *,
    store: Store | str | os.PathLike[str] | None = None,
    listener: FleetListener | None = None,
    **options: Any,
) -> tuple[DeviceOutcome[BenchmarkTable], ...]:
    """Measure models on several devices at once, on each as `benchmark_table` does; one that fails stops no other.

    A torch module is exported once for all devices that need it in the same form.

    Args:
        devices: Names or addresses of the devices, or what `find_devices` returns.
        models: The models, as for `benchmark_table`.
        settings: How to run them, or a function that returns it for a connected device; None for the default of each
            device.
        store: Where the results go, or its file; None for the user's own.
        listener: Is called at every step, from several threads.
        options: Further arguments of `benchmark_table`.

    Returns:
        What came of each device.

    Raises:
        InvalidAddressError: If a device is neither a name nor an address.
        ModelFileError: If a file of a model cannot be read, or a folder holds none.
        NetworkSourceError: If the file of a torch module is not there.
    """
    listener = listener or FleetListener()
    chosen = named(devices)
    sources = [item.model if isinstance(item, Candidate) else item for item in as_list(models, _MODEL_TYPES)]
    require_readable(sources)  # what no device could measure is no device's failure

    def work(device: NamedDevice, client: DeviceClient) -> BenchmarkTable:
        return benchmark_table(
            client,
            models,
            settings(client) if callable(settings) else settings,
            store=shared,
            listener=_OfDevice(listener.listener_of(device)),
            exports=exports,
            **options,
        )

    with opened(store) as shared, tempfile.TemporaryDirectory(prefix="edgeprof-modules-") as folder:
        exports = ModuleExports(Path(folder))
        return on_each_device(chosen, work, listener)


class _OfDevice(TableListener):
    """Tells the listener of a device what its table does."""

    def __init__(self, listener: OnboardingListener) -> None:
        self._listener = listener

    def on_job_event(self, event: JobEvent) -> None:
        self._listener.on_job_event(event)

    def on_waiting(self, job: Job) -> None:
        self._listener.on_waiting(job)
