"""Where the time of an onboarding goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

MEASURING = "warm-up and timed runs"
"""The step that onboarding is for; everything else is overhead."""

AGENT = "starting workers and waiting for the agent"
"""What a measurement takes beyond its runs: process, runtime, model, network."""


class CostLedger:
    """Seconds by step, in the order in which the steps first came."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time inside the block for a step."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.add(name, time.monotonic() - begin)

    def add(self, name: str, seconds: float) -> None:
        """Count time for a step."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def elapsed_s(self) -> float:
        """Seconds since the onboarding began."""
        return time.monotonic() - self._begin

    def seconds_by_step(self) -> dict[str, float]:
        """Seconds of each step, the rest as `other`."""
        other = self.elapsed_s() - sum(self._seconds.values())
        return {**self._seconds, "other": max(other, 0.0)}
