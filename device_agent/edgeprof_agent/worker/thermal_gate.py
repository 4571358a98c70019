"""The thermal gate: runs wait until the device is as cool as the plan asks, up to a limit on the waiting time.

    closed --- temperature at the limit or below, or waiting time used up ---> open
    open   --- temperature more than REHEAT_CELSIUS above the limit       ---> closed

The gate is called before the warm-up and before each block. After a wait the model is warmed up again, since an idle
device lowers its clocks and its caches lose the model.
"""

from collections.abc import Callable

from edgeprof_agent.runtimes.timed_loop import NS_PER_MS, Clock

REHEAT_CELSIUS = 5.0
"""A later block may begin this much above the limit: runs heat the device, so each block would wait otherwise."""

POLL_S = 1.0
"""Time between two readings while waiting, in seconds. Temperatures change by less than a degree in it."""


class ThermalGate:
    """A gate for one measurement; calling it waits where the device is too hot.

    Args:
        read_celsius: Reads the temperature, in degrees Celsius; None where not reported.
        clock: Monotonic, in nanoseconds.
        sleep: Waits for a time in seconds.
        limit_celsius: Temperature at which the gate opens.
        budget_ms: Waiting time at most, over all calls, in milliseconds.
    """

    def __init__(
        self,
        read_celsius: Callable[[], float | None],
        clock: Clock,
        sleep: Callable[[float], None],
        *,
        limit_celsius: float,
        budget_ms: float,
    ) -> None:
        self._read_celsius = read_celsius
        self._clock = clock
        self._sleep = sleep
        self._limit_celsius = limit_celsius
        self._budget_ms = budget_ms
        self._threshold_celsius = limit_celsius
        self.waited_ms = 0.0
        """Waiting time so far, in milliseconds."""
        self.is_reached: bool | None = None
        """Whether the temperature was reached at every call; None while no temperature could be read."""

    def __call__(self) -> bool:
        """Wait while the gate is closed.

        Returns:
            Whether it waited.
        """
        celsius = self._read_celsius()
        if celsius is None:
            return False
        threshold_celsius, self._threshold_celsius = self._threshold_celsius, self._limit_celsius + REHEAT_CELSIUS
        has_waited = celsius > threshold_celsius and self.waited_ms < self._budget_ms
        if has_waited:
            celsius = self._wait(celsius)
            threshold_celsius = self._limit_celsius
        self.is_reached = celsius <= threshold_celsius and self.is_reached is not False
        return has_waited

    def _wait(self, celsius: float) -> float:
        before_ms, start_ns = self.waited_ms, self._clock()
        while celsius > self._limit_celsius and self.waited_ms < self._budget_ms:
            self._sleep(min(POLL_S, (self._budget_ms - self.waited_ms) / 1_000))
            self.waited_ms = before_ms + (self._clock() - start_ns) / NS_PER_MS
            now_celsius = self._read_celsius()
            celsius = celsius if now_celsius is None else now_celsius
        return celsius
