"""Limits on systems whose numbers are too small for them, or which ignore what they are told."""

import resource
import sys
from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation import checks, limits
from edgeprof_agent.isolation.checks import isolation_checks
from edgeprof_agent.isolation.limits import limit_process
from edgeprof_agent.isolation.plan import IsolationPlan, worker_memory_bytes
from edgeprof_proto.records.check import CheckLevel

MAX_32_BIT = 2**31 - 1
GIB = 2**30
PLAN = IsolationPlan(data_dir="/d", scratch_dir="/s", writable_dirs=(), memory_bytes=3 * GIB, processor_s=100)


class FakeResource:
    """A kernel's limits, for the process of the test to keep its own."""

    RLIM_INFINITY = resource.RLIM_INFINITY

    def __init__(self, *, ignored: str = "", max_value: int = 2**63 - 1) -> None:
        names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
        self._ignored = getattr(resource, ignored) if ignored else None
        self._max_value = max_value
        self._values = {getattr(resource, name): (self.RLIM_INFINITY,) * 2 for name in names}
        vars(self).update({name: getattr(resource, name) for name in names})

    def getrlimit(self, number: int) -> tuple[int, ...]:
        return self._values[number]

    def setrlimit(self, number: int, values: tuple[int, int]) -> None:
        if max(values) > self._max_value:
            raise OverflowError("Python int too large to convert to C long")
        if number != self._ignored:
            self._values[number] = values


def test_a_32_bit_system_is_given_the_largest_limit_that_it_has_a_number_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "resource", FakeResource(max_value=MAX_32_BIT))
    check = limit_process(PLAN, 0, lambda name: None)
    assert check.level is CheckLevel.GOOD
    assert check.finding.startswith("are 2047 MiB of memory, 100 s")


def test_a_limit_that_is_taken_and_ignored_is_read_back_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "resource", FakeResource(ignored="RLIMIT_DATA"))
    check = limit_process(PLAN, 0, lambda name: None)
    assert check.level is CheckLevel.WARNING and check.remedy
    assert f"RLIMIT_DATA (set to {3 * GIB}, read back as unlimited)" in check.finding


def test_a_worker_gets_no_more_memory_than_a_process_can_address() -> None:
    config = AgentConfig(data_dir=Path("/d"), worker_memory_bytes=5 * GIB)
    assert worker_memory_bytes(config, addressable_bytes=MAX_32_BIT) == MAX_32_BIT
    assert worker_memory_bytes(config) == 5 * GIB
    assert worker_memory_bytes(AgentConfig(data_dir=Path("/d")), addressable_bytes=2**20) == 2**20


NARROW_PROBE = f"""
import mmap, sys
real = mmap.mmap
def narrow(number, size, **options):
    if size > {MAX_32_BIT}:
        raise OverflowError("cannot fit 'int' into an index-sized integer")
    return real(number, size, **options)
mmap.mmap = narrow
from edgeprof_agent.isolation import probe
sys.exit(probe.main())
"""


def test_the_check_of_a_32_bit_board_with_much_memory_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PROBE_COMMAND", (sys.executable, "-c", NARROW_PROBE))
    config = AgentConfig(data_dir=tmp_path, worker_memory_bytes=MAX_32_BIT)
    found = {check.name: check for check in isolation_checks(config)}
    assert "take more memory" in found["worker trial"].finding.partition("could not")[2]
