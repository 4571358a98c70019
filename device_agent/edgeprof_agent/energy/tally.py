"""Readings of one sensor, added up to the energy of runs."""

import math
from dataclasses import dataclass
from itertools import pairwise

from edgeprof_agent.energy.sensors import Sensor
from edgeprof_proto.records.measurement import EnergyUse, LatencyBlock

MAX_TOLD_SHARE = 1.05
"""Time of a block's runs relative to the time that the server saw pass, above which they are not believed: the clock of
a simulated device, or a hostile worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a sensor.

    Args:
        time_s: When, on the monotonic clock, in seconds.
        value: Power in milliwatts, or a counter in millijoules; None where it could not be read.
    """

    time_s: float
    value: float | None


Span = tuple[Reading, ...]
"""Readings in their order, the first and the last at the ends of what is measured."""


class Tally:
    """Adds up what one sensor saw.

    Args:
        sensor: The sensor.
    """

    def __init__(self, sensor: Sensor) -> None:
        self.sensor = sensor
        self._idle_mw: float | None = None
        self._values: set[float] = set()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the blocks so far; the idle power stays."""
        self._energy_mj = self._timed_ms = self._uncertainty_mj = 0.0
        self._run_count = self._reading_count = 0

    def note_idle(self, span: Span) -> None:
        """Note the readings of a time in which nothing was measured."""
        self._idle_mw = self._mean_mw(span)

    def add(self, span: Span, block: LatencyBlock) -> None:
        """Add a block.

        Args:
            span: The readings from its begin to its end; nothing is added where one of them failed.
            block: Its runs.
        """
        mean_mw = self._mean_mw(span)
        timed_ms = math.fsum(block.latency_ms)
        if mean_mw is None or timed_ms > MAX_TOLD_SHARE * _duration_s(span) * 1e3:
            return
        self._energy_mj += mean_mw * timed_ms / 1e3
        self._timed_ms += timed_ms
        self._run_count += len(block.latency_ms)
        self._reading_count += len(span)
        if self.sensor.is_counter:
            # At either end the counter may be a step, and one update, behind.
            self._uncertainty_mj += self.sensor.resolution + mean_mw * self.sensor.update_s

    def use(self) -> EnergyUse | None:
        """Return the energy of one run; None where no block was added."""
        if not self._run_count or not self._timed_ms:
            return None
        return EnergyUse(
            sensor=self.sensor.name[:200],
            run_energy_mj=self._energy_mj / self._run_count,
            uncertainty_mj=self._uncertainty_of_run_mj(),
            mean_power_mw=self._energy_mj / self._timed_ms * 1e3,
            idle_power_mw=self._idle_mw,
            is_counter=self.sensor.is_counter,
            reading_count=self._reading_count,
            run_count=self._run_count,
        )

    def _mean_mw(self, span: Span) -> float | None:
        """Return the mean power over a span, in milliwatts; None where a reading failed or no time passed."""
        duration_s = _duration_s(span)
        readings = [(reading.time_s, reading.value) for reading in span if reading.value is not None]
        if len(readings) < max(len(span), 2) or duration_s <= 0:
            return None
        values = [value for _, value in readings]
        if self.sensor.is_counter:
            counted_mj = self._counted_mj(values[0], values[-1])
            return None if counted_mj is None else counted_mj / duration_s
        self._values.update(values)
        area = math.fsum(
            (before + after) / 2 * (end_s - begin_s) for (begin_s, before), (end_s, after) in pairwise(readings)
        )
        return area / duration_s

    def _counted_mj(self, before: float, after: float) -> float | None:
        counted_mj = before - after if self.sensor.is_falling else after - before
        if counted_mj < 0:
            counted_mj += self.sensor.wrap_mj
        return counted_mj if counted_mj >= 0 else None

    def _uncertainty_of_run_mj(self) -> float | None:
        """Return half of an interval by the sensor's resolution; where that is not known, by the smallest step seen."""
        if self.sensor.is_counter:
            return self._uncertainty_mj / self._run_count
        steps = [after - before for before, after in pairwise(sorted(self._values))]
        step_mw = self.sensor.resolution or min(steps, default=None)
        return None if step_mw is None else step_mw / 2 * self._timed_ms / 1e3 / self._run_count


def _duration_s(span: Span) -> float:
    return span[-1].time_s - span[0].time_s if span else 0.0
