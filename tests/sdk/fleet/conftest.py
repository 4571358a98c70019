"""Two devices that stay for all tests of a module, under names of the test's own."""

from collections.abc import Iterator

import pytest

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.fleet import devices_at_once
from edgeprof.testing import SimulatedDevice, SimulationConfig


@pytest.fixture(scope="module")
def another_device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedDevice]:
    """A simulated device unlike `shared_device`."""
    with SimulatedDevice(tmp_path_factory.mktemp("another"), SimulationConfig(seed=1)) as device:
        yield device


@pytest.fixture
def lab(shared_device: SimulatedDevice, another_device: SimulatedDevice, own_edgeprof_folders: object) -> None:
    """Both devices as `one` and `two`, tagged `lab`."""
    for name, device in (("one", shared_device), ("two", another_device)):
        edgeprof.add_device(device.address, name, tags=["lab"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent device is given up after a second instead of a minute."""

    def connect(address: str) -> DeviceClient:
        client = DeviceClient(address, patience_s=1.0)
        client.handshake()
        return client

    monkeypatch.setattr(devices_at_once, "connect", connect)
