"""Time ledger: how long each step of an onboarding takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

MEASURING = "warm-up and timed runs"
"""The step that is no overhead."""

AGENT = "starting workers and waiting for the agent"
"""Time of a measurement outside its runs: starting the process, loading runtime and model, network."""


class TimeLedger:
    """Seconds by step, in the order in which the steps first occurred."""

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

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count the time inside the block nowhere: not for a step, and not as elapsed."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self._begin += time.monotonic() - begin

    def add(self, name: str, seconds: float) -> None:
        """Count time for a step."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def elapsed_s(self) -> float:
        """Seconds since the ledger was made, without those in which it was paused."""
        return time.monotonic() - self._begin

    def seconds_by_step(self) -> dict[str, float]:
        """Seconds of each step; `other` holds the rest of the elapsed time."""
        other = self.elapsed_s() - sum(self._seconds.values())
        return {**self._seconds, "other": max(other, 0.0)}
