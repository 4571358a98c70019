"""Reads conditions, CPU time and waiting time during a measurement, never while a block runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgeprof_agent.isolation.cpu_affinity import read_affinity, working_threads
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.timed_loop import NS_PER_MS
from edgeprof_proto.records.measurement import Conditions

READ_INTERVAL_MS = 500.0
"""Shortest time between two readings of the device during a measurement. Temperatures and governors change more slowly,
and each reading evicts data from the caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the kernel reports about the timed runs.

    Args:
        core_indices: Cores that the threads of the worker could use.
        thread_count: Threads that worked; None where not reported.
        core_wait_ms: Time that the worker waited for a core, in milliseconds; None where not reported.
    """

    core_indices: tuple[int, ...]
    thread_count: int | None
    core_wait_ms: float | None


class Observer:
    """Reads the state of the device and of this process's threads between blocks.

    Args:
        model: The loaded model.
    """

    def __init__(self, model: LoadedModel) -> None:
        self._model = model
        self.origin_ns = model.clock()
        """Moment on the model's clock at which it was loaded, in nanoseconds."""
        self.conditions_during: list[Conditions] = []
        """Readings between blocks, in order."""
        self._work_before_ns: Mapping[str, int] | None = None
        self._wait_before_ms: float | None = None
        self._last_read_ns = 0

    def read_conditions(self) -> Conditions:
        """Read the state of the device, with the time since the model was loaded."""
        elapsed_ms = (self._model.clock() - self.origin_ns) / NS_PER_MS
        return replace(self._model.read_conditions(), elapsed_ms=elapsed_ms)

    def begin(self) -> None:
        """Read the counters of the threads before the timed runs."""
        self._work_before_ns = self._model.read_thread_work_ns()
        self._wait_before_ms = self._model.read_core_wait_ms()
        self._last_read_ns = self._model.clock()

    def read_between_blocks(self) -> None:
        """Read the state of the device, unless it was read less than `READ_INTERVAL_MS` ago."""
        if self._model.clock() - self._last_read_ns >= READ_INTERVAL_MS * NS_PER_MS:
            self.conditions_during.append(self.read_conditions())
            self._last_read_ns = self._model.clock()

    def end(self, *, timed_ms: float) -> Observed:
        """Return what the threads did since `begin`.

        Args:
            timed_ms: Time of all timed runs, in milliseconds.
        """
        wait_after_ms = self._model.read_core_wait_ms()
        threads = working_threads(self._work_before_ns, self._model.read_thread_work_ns(), timed_ms)
        core_indices = {index for thread in threads or (0,) for index in read_affinity(thread)}
        wait_before_ms = self._wait_before_ms
        return Observed(
            core_indices=tuple(sorted(core_indices)),
            thread_count=None if threads is None else len(threads),
            core_wait_ms=None if wait_before_ms is None or wait_after_ms is None else wait_after_ms - wait_before_ms,
        )
