"""Energy of the timed blocks of a job, by every sensor of the device.

Counters are read before and after a block. Sensors of power are read by a thread of this process all through the block,
and integrated by the trapezoidal rule. The server hears of a block's begin some milliseconds before its first run, so
that the mean power of this span is multiplied by the time of the runs. Nothing is subtracted: the power before the
worker was started stands beside it.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT
from edgeprof_agent.energy.discovery import find_sensors
from edgeprof_agent.energy.sensors import Sensor
from edgeprof_agent.energy.tally import Reading, Span, Tally
from edgeprof_proto.records.measurement import EnergyUse, LatencyBlock

INTERVAL_S = 0.05
"""Time between two readings of power, in seconds. An INA chip is read over a bus in about a millisecond."""

IDLE_S = 0.3
"""Time over which the idle power is taken before the worker is started, in seconds."""

IDLE_AGE_S = 60.0
"""Age at which an idle power is taken anew, in seconds: an onboarding of a hundred jobs shall not wait before each."""

_JOIN_S = 2.0
"""Longest wait for a reading that hangs, in seconds; the block then has no energy."""


class EnergyMeter:
    """Measures one job after the other; all methods are called from one event loop.

    Args:
        root: Root folder of the file tree to read.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, root: Path = SYSTEM_ROOT, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._tallies: tuple[Tally, ...] = ()
        self._reader: _Reader | None = None
        self._idle_end_s: float | None = None

    async def begin_job(self) -> None:
        """Look for sensors, and take the idle power unless it was less than `IDLE_AGE_S` ago.

        Takes no time on a device without sensors.
        """
        sensors = find_sensors(self._root)
        is_known = self._idle_end_s is not None and self._clock() - self._idle_end_s < IDLE_AGE_S
        # By their files: the resolution of a current follows the voltage of the moment.
        if is_known and [item.paths for item in sensors] == [tally.sensor.paths for tally in self._tallies]:
            self.take()
            return
        self._tallies = tuple(map(Tally, sensors))
        if not self._tallies:
            return
        self._reader = self._started_reader()
        try:
            await asyncio.sleep(IDLE_S)
            for tally, span in zip(self._tallies, self._reader.end(), strict=True):
                tally.note_idle(span)
            self._idle_end_s = self._clock()
        finally:
            self.drop_block()

    def begin_block(self) -> None:
        """Begin to read: a block of timed runs follows."""
        self.drop_block()
        if self._tallies:
            self._reader = self._started_reader()

    def end_block(self, block: LatencyBlock) -> None:
        """Add the energy of a block that `begin_block` was called for; nothing happens for any other.

        Args:
            block: The runs.
        """
        reader, self._reader = self._reader, None
        if reader is not None:
            for tally, span in zip(self._tallies, reader.end(), strict=True):
                tally.add(span, block)

    def drop_block(self) -> None:
        """Stop reading without adding anything, where a block may have begun that has no end."""
        if self._reader is not None:
            self._reader.end()
            self._reader = None

    def take(self) -> tuple[EnergyUse, ...]:
        """Return the energy of the blocks so far, and begin the next model with the same idle power."""
        uses = [tally.use() for tally in self._tallies]
        for tally in self._tallies:
            tally.begin_anew()
        return tuple(use for use in uses if use is not None)

    def _started_reader(self) -> "_Reader":
        return _Reader([tally.sensor for tally in self._tallies], self._clock)


class _Reader:
    """Reads sensors from its construction to `end`: counters twice, others again and again by a thread."""

    def __init__(self, sensors: Sequence[Sensor], clock: Callable[[], float]) -> None:
        self._sensors = sensors
        self._clock = clock
        self._spans: list[list[Reading]] = [[] for _ in sensors]
        self._is_over = threading.Event()
        self._read(is_edge=True)
        self._thread: threading.Thread | None = None
        if not all(sensor.is_counter for sensor in sensors):
            self._thread = threading.Thread(target=self._read_on, name="energy", daemon=True)
            self._thread.start()

    def end(self) -> list[Span]:
        """Read a last time, and return the readings of each sensor; none where a sensor hangs."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
            if self._thread.is_alive():
                return [() for _ in self._sensors]
        self._read(is_edge=True)
        return [tuple(span) for span in self._spans]

    def _read_on(self) -> None:
        while not self._is_over.wait(INTERVAL_S):
            self._read(is_edge=False)

    def _read(self, *, is_edge: bool) -> None:
        for sensor, span in zip(self._sensors, self._spans, strict=True):
            if is_edge or not sensor.is_counter:
                value = sensor.read()
                span.append(Reading(time_s=self._clock(), value=value))
