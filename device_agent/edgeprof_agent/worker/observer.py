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
        core_wait_ms: Time that the worker waited for a core inside timed blocks, in ms; None where not reported.
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
        self._thread_cores: list[Mapping[str, int]] = []
        self._working_threads: tuple[int, ...] = ()
        self._work_before_ns: Mapping[str, int] | None = None
        self._wait_before_ms: float | None = None
        self._work_ns: dict[str, int] | None = {}
        self._wait_ms: float | None = 0.0
        self._last_read_ns = 0

    def read_conditions(self) -> Conditions:
        """Read the state of the device, with the time since the model was loaded.

        After `end` it also names the cores on which the threads that ran the model were last.
        """
        elapsed_ms = (self._model.clock() - self.origin_ns) / NS_PER_MS
        conditions = replace(self._model.read_conditions(), elapsed_ms=elapsed_ms)
        return self._with_worker_cores(conditions, self._model.read_thread_cores())

    def begin(self) -> None:
        """Note that the timed runs begin."""
        self._last_read_ns = self._model.clock()

    def begin_block(self) -> None:
        """Read the counters of the threads directly before a timed block."""
        self._work_before_ns = self._model.read_thread_work_ns()
        self._wait_before_ms = self._model.read_core_wait_ms()

    def end_block(self) -> None:
        """Add what the threads did since `begin_block`: neither waits nor repeated warm-ups between blocks count."""
        wait_after_ms, work_after_ns = self._model.read_core_wait_ms(), self._model.read_thread_work_ns()
        if self._wait_ms is None or self._wait_before_ms is None or wait_after_ms is None:
            self._wait_ms = None
        else:
            self._wait_ms += wait_after_ms - self._wait_before_ms
        if self._work_ns is None or self._work_before_ns is None or work_after_ns is None:
            self._work_ns = None
        else:
            for name, work_ns in work_after_ns.items():
                self._work_ns[name] = self._work_ns.get(name, 0) + work_ns - self._work_before_ns.get(name, 0)

    def read_between_blocks(self) -> None:
        """Read the state of the device, unless it was read less than `READ_INTERVAL_MS` ago."""
        if self._model.clock() - self._last_read_ns >= READ_INTERVAL_MS * NS_PER_MS:
            self.conditions_during.append(self.read_conditions())
            self._thread_cores.append(self._model.read_thread_cores())
            self._last_read_ns = self._model.clock()

    def end(self, *, timed_ms: float) -> Observed:
        """Return what the threads did inside the timed blocks.

        Args:
            timed_ms: Time of all timed runs, in milliseconds.
        """
        threads = None if self._work_ns is None else working_threads({}, self._work_ns, timed_ms)
        self._working_threads = threads or ()
        self.conditions_during = [
            self._with_worker_cores(conditions, cores)
            for conditions, cores in zip(self.conditions_during, self._thread_cores, strict=True)
        ]
        core_indices = {index for thread in threads or (0,) for index in read_affinity(thread)}
        return Observed(
            core_indices=tuple(sorted(core_indices)),
            thread_count=None if threads is None else len(threads),
            core_wait_ms=self._wait_ms,
        )

    def _with_worker_cores(self, conditions: Conditions, thread_cores: Mapping[str, int]) -> Conditions:
        cores = {thread_cores[str(thread)] for thread in self._working_threads if str(thread) in thread_cores}
        return replace(conditions, worker_core_indices=tuple(sorted(cores)))
