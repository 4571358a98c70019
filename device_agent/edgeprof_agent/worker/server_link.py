"""The worker's connection to the server: events go out on a pipe, acknowledgements come in on the standard input.

The worker waits for the acknowledgement of each block before it goes on, so that the server writes, hashes and sends
nothing for it while the next block is timed.
"""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.measurement import LatencyBlock

ACKNOWLEDGEMENT_WAIT_S = 90.0
"""Longest wait for an acknowledgement, in seconds: longer than the server lets a diagnosis run."""

QUIET_PAUSE_S = 0.005
"""Pause after the server was told that a block begins, in seconds, in which it ends what it is doing."""

COOL_WAIT_S = 2.0
"""Wait for an acknowledgement after which the model is warmed up again, in seconds."""

_NUMBER_BYTES = 4096


class ServerLink(Protocol):
    """What a measurement tells the server."""

    def emit(self, event: str, fields: dict[str, Any]) -> None:
        """Send an event, given its name and its fields."""

    def begin_block(self) -> None:
        """Say that a block of timed runs begins, and wait until the server has noticed."""

    def send_block(self, block: LatencyBlock) -> float:
        """Send a block and wait until the server has dealt with it; return the time waited in seconds."""


class PipeLink:
    """The link of a worker process.

    Args:
        stream: Where events are written, one JSON object per line.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._acknowledgement_fd: int | None = None
        self._clock = clock
        self._block_count = 0
        self._received = b""

    def wait_for_acknowledgements(self, fd: int) -> None:
        """Wait after each block from now on.

        Args:
            fd: Where the server writes the number of each block that it has dealt with, one per line.
        """
        self._acknowledgement_fd = fd

    def emit(self, event: str, fields: dict[str, Any]) -> None:
        """Send an event, given its name and its fields."""
        self._stream.write(json.dumps({"event": event, **fields}) + "\n")
        self._stream.flush()

    def begin_block(self) -> None:
        """Say that a block of timed runs begins, and wait until the server has noticed."""
        if self._acknowledgement_fd is not None:
            self.emit("block_begins", {})
            time.sleep(QUIET_PAUSE_S)

    def send_block(self, block: LatencyBlock) -> float:
        """Send a block and wait until the server has dealt with it, for up to `ACKNOWLEDGEMENT_WAIT_S`.

        Returns:
            The time waited, in seconds.
        """
        self.emit("block", to_json(block))
        self._block_count += 1
        start_s = self._clock()
        while self._acknowledgement_fd is not None and self._acknowledged_count() < self._block_count:
            left_s = start_s + ACKNOWLEDGEMENT_WAIT_S - self._clock()
            if left_s <= 0 or not self._receive(left_s):
                break
        return self._clock() - start_s

    def _acknowledged_count(self) -> int:
        lines = self._received.split(b"\n")
        return int(lines[-2]) if len(lines) > 1 else 0

    def _receive(self, timeout_s: float) -> bool:
        assert self._acknowledgement_fd is not None
        waiting = select.poll()
        waiting.register(self._acknowledgement_fd, select.POLLIN)
        if not waiting.poll(timeout_s * 1_000):
            return False
        received = os.read(self._acknowledgement_fd, _NUMBER_BYTES)
        self._received = (self._received + received)[-_NUMBER_BYTES:]
        if not received:
            # The server has closed its end: it sends no acknowledgements.
            self._acknowledgement_fd = None
        return bool(received)
