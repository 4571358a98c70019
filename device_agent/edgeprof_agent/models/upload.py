"""The parts of an upload: its header, its chunks, the limit on its rate, and what happens when the disk is full."""

import asyncio
import contextlib
import dataclasses
import errno
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import DiskFullError, InvalidRequestError, UploadOffsetError
from edgeprof_proto.records.validation import require_sha256

CHUNK_BYTES_LIMIT = 1024 * 1024
"""Largest chunk that the wire contract allows."""

CHUNK_WAIT_S = 60.0
"""Longest wait for the next chunk, in seconds. A stalled upload would block other hosts from the same model."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class UploadHeader:
    """The model that is uploaded, and where the upload continues.

    Args:
        model_sha256: SHA-256 of the whole model.
        size_bytes: Size of the whole model, at least 1.
        offset_bytes: Position of the first chunk in the model.

    Raises:
        InvalidRequestError: If a number is outside its range.
        RecordError: If the SHA-256 has a wrong form.
    """

    model_sha256: str
    size_bytes: int
    offset_bytes: int = 0

    def __post_init__(self) -> None:
        require_sha256(self.model_sha256)
        if self.size_bytes < 1:
            raise InvalidRequestError(f"size_bytes must be >= 1, got {self.size_bytes}")
        if not 0 <= self.offset_bytes <= self.size_bytes:
            raise InvalidRequestError(f"offset_bytes must be 0 to {self.size_bytes}, got {self.offset_bytes}")


class RateLimit:
    """Limits a rate: callers wait. An unused allowance of up to one second is kept.

    Args:
        per_second: Units per second at most.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._paid_until_s = -math.inf

    async def take(self, count: int) -> None:
        """Wait until a number of units is within the rate.

        Args:
            count: The units.
        """
        now_s = asyncio.get_running_loop().time()
        self._paid_until_s = max(self._paid_until_s, now_s - 1.0) + count / self._per_second
        if self._paid_until_s > now_s:
            await asyncio.sleep(self._paid_until_s - now_s)


@contextlib.contextmanager
def removed_when_full(part: Path) -> Iterator[None]:
    """Remove a partial upload if the disk runs full inside the block.

    Args:
        part: File of the upload.

    Raises:
        DiskFullError: If the disk ran full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        part.unlink(missing_ok=True)
        raise DiskFullError(
            "the device's disk ran full during the upload; free some space and upload the model again"
        ) from error


async def next_chunk(chunks: Any, received: int) -> bytes:
    """Return the next chunk of an upload.

    Args:
        chunks: Iterator over the chunks.
        received: Bytes received so far, for the message.

    Raises:
        UploadOffsetError: If the upload ended or stalled.
        InvalidRequestError: If the chunk has a wrong size.
    """
    try:
        chunk: bytes = await asyncio.wait_for(anext(chunks), CHUNK_WAIT_S)
    except StopAsyncIteration:
        raise UploadOffsetError(f"the upload ended early; continue at byte {received}") from None
    except asyncio.TimeoutError:
        raise UploadOffsetError(f"no chunk arrived for {CHUNK_WAIT_S:g} s; continue at byte {received}") from None
    if not 1 <= len(chunk) <= CHUNK_BYTES_LIMIT:
        raise InvalidRequestError(f"a chunk must have 1 to {CHUNK_BYTES_LIMIT} bytes, got {len(chunk)}")
    return chunk
