"""Does the same work on several devices at once, a thread for each."""

import ctypes
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from edgeprof.devices.client import DeviceClient, connect
from edgeprof.devices.named_devices import find_devices
from edgeprof.devices.pairings import NamedDevice
from edgeprof.errors import EdgeprofError, InvalidArgumentError
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof_predictor.errors import PredictorError
from edgeprof_proto.records.validation import RecordError

T = TypeVar("T")

_M_ARENA_MAX = -8
"""Parameter of glibc's `mallopt`: arenas at most."""

Devices: TypeAlias = Sequence[NamedDevice | str] | NamedDevice | str
"""Devices as a caller names them: by their names, their addresses, or as `find_devices` returns them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOutcome(Generic[T]):
    """What came of the work on one device.

    Args:
        device: The device.
        result: The result; None where the work failed.
        failure: Why it failed, in a sentence; empty where it did not.
    """

    device: NamedDevice
    result: T | None
    failure: str = ""


class DeviceListener(OnboardingListener):
    """Is called at every step on one device of several, for which the host computes no more than it has to."""

    follows_every_measurement = False


class FleetListener:
    """Is called while devices work, from the thread of each. All methods do nothing; override those of interest."""

    def listener_of(self, device: NamedDevice) -> OnboardingListener:
        """Return what is told of the measurements on a device, in its thread."""
        return DeviceListener()

    def models_listener_of(self, device: NamedDevice) -> ModelOnboardingListener:
        """Return what is told of the measurements of an onboarding of models on a device, in its thread."""
        return ModelOnboardingListener()

    def on_ended(self, outcome: DeviceOutcome[Any]) -> None:
        """The work on a device is done, or has failed."""


def named(devices: Devices) -> list[NamedDevice]:
    """Return devices by their names on this host, each address once.

    Raises:
        InvalidAddressError: If a text is neither a name nor an address.
        InvalidArgumentError: If there is none.
    """
    given = [devices] if isinstance(devices, (str, NamedDevice)) else list(devices)
    found: dict[str, NamedDevice] = {}
    for item in given:
        device = item if isinstance(item, NamedDevice) else find_devices([item])[0]
        found.setdefault(device.address, device)
    if not found:
        raise InvalidArgumentError("name a device; there is none to do this on")
    return list(found.values())


def on_each_device(
    devices: Sequence[NamedDevice], work: Callable[[NamedDevice, DeviceClient], T], listener: FleetListener
) -> tuple[DeviceOutcome[T], ...]:
    """Do the same on each device, at once. A device that fails or falls silent stops no other.

    Args:
        devices: The devices, each address once.
        work: What to do with a device and the connection to it, in a thread of its own.
        listener: Is called when a device has ended.

    Returns:
        What came of it, in the order of the devices.

    Raises:
        KeyboardInterrupt: If Ctrl-C ends it, which then ends each device's work as it would that of a single one.
    """
    connections = _Connections()
    _allocate_in_few_arenas()

    def done_on(device: NamedDevice) -> DeviceOutcome[T]:
        try:
            with connections.open(device.address) as client:
                outcome = DeviceOutcome(device=device, result=work(device, client))
        except (EdgeprofError, PredictorError, RecordError) as error:
            outcome = DeviceOutcome(device=device, result=None, failure=str(error))
        listener.on_ended(outcome)
        return outcome

    with ThreadPoolExecutor(max_workers=len(devices), thread_name_prefix="device") as threads:
        try:
            return tuple([future.result() for future in [threads.submit(done_on, device) for device in devices]])
        except BaseException:  # raised again, once the threads have ended
            connections.interrupt()
            raise


def _allocate_in_few_arenas() -> None:
    """Let all threads share as many arenas of memory as there are cores, where the C library is glibc.

    Its default, eight for each core, keeps in each what the long computations of one thread have freed.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, os.cpu_count() or 1)


class _Connections:
    """The open connections of all threads, to be interrupted at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: list[DeviceClient] = []
        self._is_interrupted = False

    def open(self, address: str) -> DeviceClient:
        client = connect(address)
        with self._lock:
            self._clients.append(client)
            if self._is_interrupted:
                client.interrupt()
        return client

    def interrupt(self) -> None:
        with self._lock:
            self._is_interrupted = True
            for client in self._clients:
                client.interrupt()
