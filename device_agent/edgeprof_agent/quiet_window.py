"""Keeps the server's own work away from timed blocks: uploads, diagnoses, metrics, and the streaming of past events.

The worker says when a block of timed runs begins; the block ends when its samples arrive. Between two blocks the worker
waits until the server has written the samples down and streamed them, so that this work disturbs no run.

Nothing waits for ever. While a block is timed, an upload or a stream goes on at `TIMED_BYTES_PER_S`, and between blocks
at full speed: the worker waits `WINDOW_S` longer where something was held up. A diagnosis waits for the end of a block
for up to `DIAGNOSIS_WAIT_S`, and the next block waits for the diagnosis.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

TIMED_BYTES_PER_S = 64 * 1024
"""Rate at which an upload goes on while a block is timed. TLS and hashing take less than 0.1 % of a core for it."""

WINDOW_S = 0.1
"""Time that uploads and streams get between two blocks where they were held up, in seconds."""

DIAGNOSIS_WAIT_S = 20.0
"""Longest wait of a diagnosis for the end of a block, in seconds; single runs of a model may take longer."""


class QuietWindow:
    """Whether a block is timed now, and who waits for its end. All methods are called from one event loop."""

    def __init__(self) -> None:
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._is_undisturbed = asyncio.Event()
        self._is_undisturbed.set()
        self._disturbance_count = 0
        self._has_held_up = False

    @property
    def is_timing(self) -> bool:
        """Whether a block is being timed."""
        return not self._is_free.is_set()

    def begin_block(self) -> None:
        """Note that a block of timed runs begins."""
        self._has_held_up = False
        self._is_free.clear()

    def end_block(self) -> None:
        """Note that no block is timed any more; nothing happens where none was."""
        self._is_free.set()

    async def hold_up(self, byte_count: int) -> None:
        """Wait while a block is timed, no longer than these bytes take at `TIMED_BYTES_PER_S`.

        Args:
            byte_count: Bytes that were just handled.
        """
        if self.is_timing:
            self._has_held_up = True
            await _wait(self._is_free, byte_count / TIMED_BYTES_PER_S)

    async def between_blocks(self) -> None:
        """Wait until the next block may begin: those who were held up get their time, and a diagnosis ends."""
        if self._has_held_up:
            await asyncio.sleep(WINDOW_S)
        await self._is_undisturbed.wait()

    @contextlib.asynccontextmanager
    async def disturbing(self, *, wait_s: float = DIAGNOSIS_WAIT_S) -> AsyncIterator[None]:
        """Wait for the end of the block that is being timed, then keep the next one from beginning inside the block.

        Args:
            wait_s: Time after which the wait is given up, in seconds.
        """
        await _wait(self._is_free, wait_s)
        self._disturbance_count += 1
        self._is_undisturbed.clear()
        try:
            yield
        finally:
            self._disturbance_count -= 1
            if not self._disturbance_count:
                self._is_undisturbed.set()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    waiting = asyncio.ensure_future(event.wait())
    try:
        # Not wait_for, which before Python 3.12 can swallow a cancellation.
        await asyncio.wait({waiting}, timeout=timeout_s)
    finally:
        waiting.cancel()
