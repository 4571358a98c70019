"""The fixtures that come with the installation keep what belongs to the user out of tests."""

import os
from pathlib import Path

import pytest

import edgeprof
from edgeprof.devices.pairings import pairings_path
from edgeprof.testing import SimulatedDevice

THE_USERS = {
    "EDGEPROF_PAIRINGS": "/home/user/pairings.json",
    "EDGEPROF_STORE": "/home/user/store.sqlite3",
    "EDGEPROF_DEVICE": "board:20763",
    "EDGEPROF_AGENT_DATA_DIR": "/home/user/agent",
    "EDGEPROF_SIMULATION": "/home/user/device.json",
}


@pytest.fixture
def users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in THE_USERS.items():
        monkeypatch.setenv(name, value)


def test_the_users_own_files_and_devices_are_not_seen(users_environment: None, own_edgeprof_folders: Path) -> None:
    assert pairings_path() == own_edgeprof_folders / "pairings.json"
    ours = {name: value for name, value in os.environ.items() if name.startswith("EDGEPROF_")}
    assert set(ours) == {"EDGEPROF_BUNDLES", "EDGEPROF_CACHE", "EDGEPROF_PAIRINGS", "EDGEPROF_STORE"}
    assert all(Path(value).is_relative_to(own_edgeprof_folders) for value in ours.values())


def test_a_simulated_device_offers_no_engine_of_this_machine(simulated_device: SimulatedDevice) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        assert [runtime.name for runtime in client.device().runtimes] == ["simulated"]
