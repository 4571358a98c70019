"""Fixtures that come with the installation; pytest finds them through the entry point."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeprof.testing import SimulatedDevice, SimulationConfig


@pytest.fixture
def own_edgeprof_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Store, cache and pairings of edgeprof in a folder of the test's own; returns it.

    What the user's environment tells edgeprof and its agent is taken away for the time of the test: their devices,
    pairings and limits are none of its business.
    """
    folder = tmp_path / "edgeprof"
    for name in [name for name in os.environ if name.startswith("EDGEPROF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("EDGEPROF_PAIRINGS", str(folder / "pairings.json"))
    monkeypatch.setenv("EDGEPROF_BUNDLES", str(folder / "bundles"))
    monkeypatch.setenv("EDGEPROF_STORE", str(folder / "store.sqlite3"))
    monkeypatch.setenv("EDGEPROF_CACHE", str(folder / "cache"))
    return folder


@pytest.fixture
def simulated_device_runtimes() -> Sequence[str]:
    """Names of the runtimes that simulated devices offer; a test that needs an engine beside it overrides this."""
    return ("simulated",)


@pytest.fixture
def make_simulated_device(
    own_edgeprof_folders: Path,
    simulated_device_runtimes: Sequence[str],
) -> "Iterator[Callable[[SimulationConfig | None], SimulatedDevice]]":
    """Makes simulated devices, started, from a configuration; all are gone after the test."""
    # Imported here, so that having edgeprof installed does not slow down other people's test runs.
    from edgeprof.testing import SimulatedDevice

    with ExitStack() as devices:
        count = 0

        def make(config: "SimulationConfig | None" = None) -> SimulatedDevice:
            nonlocal count
            count += 1
            folder = own_edgeprof_folders / f"device-{count}"
            return devices.enter_context(SimulatedDevice(folder, config, runtimes=simulated_device_runtimes))

        yield make


@pytest.fixture
def simulated_device(
    make_simulated_device: "Callable[[SimulationConfig | None], SimulatedDevice]",
) -> "SimulatedDevice":
    """A simulated device, started, with the default seed; gone after the test."""
    return make_simulated_device(None)
