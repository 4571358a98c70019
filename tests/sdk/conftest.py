"""A simulated device for all tests of a module that look at nothing on it but their own jobs.

An agent takes a second or two of processor time to start, to try its safeguards and to describe its runtimes.
"""

from collections.abc import Iterator

import pytest

from edgeprof.testing import SimulatedDevice


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    """Names of the runtimes of `shared_device`; a module that needs an engine beside the simulation overrides this."""
    return ("simulated",)


@pytest.fixture(scope="module")
def shared_device(
    tmp_path_factory: pytest.TempPathFactory, shared_device_runtimes: tuple[str, ...]
) -> Iterator[SimulatedDevice]:
    """A simulated device with the default seed, started once for a module: each job needs an id of its own."""
    with SimulatedDevice(tmp_path_factory.mktemp("shared"), runtimes=shared_device_runtimes) as device:
        yield device
