"""Models on the device's disk by SHA-256: uploads that resume, and a cache with a bound.

    DATA/models/<sha256>          whole models, verified
    DATA/uploads/<sha256>.part    what has arrived of the others

The time at which a file was last used is its modification time; the least recently used go first. A part that ran into
a full disk is removed, so that the board gets its space back; one that broke off for any other reason stays.
"""

import asyncio
import contextlib
import dataclasses
import errno
import hashlib
import math
import os
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.data_dir import rename_durably
from edgeprof_agent.errors import (
    DiskFullError,
    InvalidRequestError,
    ModelCorruptError,
    ModelNotFoundError,
    ModelTooLargeError,
    UploadLimitedError,
    UploadOffsetError,
)
from edgeprof_proto.records.validation import require_sha256

CHUNK_BYTES_LIMIT = 1024 * 1024
"""Largest chunk that the wire contract allows."""

CHUNK_WAIT_S = 30.0
"""A host that sends nothing for so long loses its place, so that it cannot keep others from the same model."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class UploadHeader:
    """What is being uploaded, and the byte at which it goes on."""

    model_sha256: str
    size_bytes: int
    offset_bytes: int = 0

    def __post_init__(self) -> None:
        require_sha256(self.model_sha256)
        if self.size_bytes < 1:
            raise InvalidRequestError(f"size_bytes must be >= 1, got {self.size_bytes}")
        if not 0 <= self.offset_bytes <= self.size_bytes:
            raise InvalidRequestError(f"offset_bytes must be 0 to {self.size_bytes}, got {self.offset_bytes}")


class ModelStore:
    """The models of one agent; all methods are called from one event loop.

    Args:
        data_dir: The agent's folder.
        model_bytes: Size of one model at most.
        cache_bytes: Size of all files together at most.
        disk_reserve_bytes: Space on the disk that stays free.
        needed_models: Tells the SHA-256 of the models that must not be removed now.
        upload_count: Uploads at once at most.
        upload_bytes_per_s: Bytes that all uploads together bring per second at most.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        model_bytes: int,
        cache_bytes: int,
        disk_reserve_bytes: int,
        needed_models: Callable[[], Collection[str]],
        upload_count: float = math.inf,
        upload_bytes_per_s: float = math.inf,
    ) -> None:
        self._models_dir = data_dir / "models"
        self._uploads_dir = data_dir / "uploads"
        for folder in (self._models_dir, self._uploads_dir):
            folder.mkdir(exist_ok=True)
        self._model_bytes = model_bytes
        self._cache_bytes = cache_bytes
        self._disk_reserve_bytes = disk_reserve_bytes
        self._needed_models = needed_models
        self._upload_limit = upload_count
        self._upload_count = 0
        self._rate = _Rate(upload_bytes_per_s)
        self._announced_bytes: dict[str, int] = {}
        self._uploads: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def use_model(self, model_sha256: str) -> Path:
        """Return the file of a model, which counts as used now.

        Args:
            model_sha256: The model.

        Raises:
            ModelNotFoundError: If it is not on the device, or not whole.
        """
        path = self._models_dir / model_sha256
        try:
            os.utime(path)
        except FileNotFoundError:
            raise ModelNotFoundError(f"there is no model {model_sha256} on this device; upload it first") from None
        return path

    async def verified_model(self, model_sha256: str) -> Path:
        """Return the file of a model whose bytes are still those that were uploaded.

        Args:
            model_sha256: The model.

        Raises:
            ModelNotFoundError: If it is not on the device, or not whole.
            ModelCorruptError: If the file has changed since; it is removed.
        """
        path = self.use_model(model_sha256)
        digest = await asyncio.to_thread(_digest, path)
        if digest.hexdigest() != model_sha256:
            path.unlink(missing_ok=True)
            raise ModelCorruptError(
                f"the file of model {model_sha256} has changed on the device's disk, which may be failing; it was "
                "removed before it was measured, ask for another job with the model"
            )
        return path

    def received_bytes(self, model_sha256: str) -> tuple[int, bool]:
        """Return how many bytes of a model have arrived, and whether that is all of them.

        Args:
            model_sha256: The model.

        Raises:
            RecordError: If this is no SHA-256.
        """
        require_sha256(model_sha256)
        try:
            return self.use_model(model_sha256).stat().st_size, True
        except ModelNotFoundError:
            return _size(self._part(model_sha256)), False

    async def receive(self, header: UploadHeader, chunks: AsyncIterable[bytes]) -> int:
        """Store a model, or the rest of one. Uploads of the same model take turns.

        Args:
            header: What arrives.
            chunks: Its bytes from `header.offset_bytes` on.

        Returns:
            Bytes of the model on the device: all of them.

        Raises:
            ModelTooLargeError: If the model is beyond the limit.
            UploadOffsetError: If the part on the device ends at another byte, or the chunks stopped coming.
            ModelCorruptError: If the bytes are not those announced; what had arrived is removed.
            DiskFullError: If there is no space.
            UploadLimitedError: If too many uploads are under way.
        """
        if header.size_bytes > self._model_bytes:
            raise ModelTooLargeError(
                f"the model has {header.size_bytes} bytes, this agent takes up to {self._model_bytes}; "
                "measure a smaller model, or raise EDGEPROF_AGENT_MODEL_BYTES on the device"
            )
        lock = self._uploads.setdefault(header.model_sha256, asyncio.Lock())
        async with self._counted(), lock:
            received, is_complete = self.received_bytes(header.model_sha256)
            if not is_complete:
                self._check_offset(header, received)
                self._make_room(header, received)
                await self._store(header, chunks)
            return header.size_bytes

    @contextlib.asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        if self._upload_count >= self._upload_limit:
            raise UploadLimitedError(
                f"{self._upload_count} uploads are under way, the limit of this agent; try again in a few seconds"
            )
        self._upload_count += 1
        try:
            yield
        finally:
            self._upload_count -= 1

    def _check_offset(self, header: UploadHeader, received: int) -> None:
        if header.offset_bytes not in (0, received):
            raise UploadOffsetError(
                f"the upload goes on at byte {received}, not at byte {header.offset_bytes}; "
                f"send offset_bytes {received}, or 0 to start anew"
            )

    async def _store(self, header: UploadHeader, chunks: AsyncIterable[bytes]) -> None:
        part = self._part(header.model_sha256)
        self._announced_bytes[header.model_sha256] = header.size_bytes
        try:
            with _removed_when_full(part):
                digest = await self._append(part, header, chunks)
            await self._finish(part, header, digest)
        finally:
            del self._announced_bytes[header.model_sha256]

    async def _append(self, part: Path, header: UploadHeader, chunks: AsyncIterable[bytes]) -> Any:
        with open(part, "ab" if header.offset_bytes else "wb") as file:
            digest = await asyncio.to_thread(_digest, part)
            received = header.offset_bytes
            iterator = aiter(chunks)
            while received < header.size_bytes:
                chunk = await _next_chunk(iterator, received)
                await self._rate.take(len(chunk))
                received += len(chunk)
                if received > header.size_bytes:
                    part.unlink()
                    raise ModelCorruptError(f"more bytes arrived than the {header.size_bytes} announced; upload anew")
                file.write(chunk)
                # What GetModel tells must be what a resumed upload finds.
                file.flush()
                digest.update(chunk)
            await asyncio.to_thread(os.fsync, file.fileno())
        return digest

    async def _finish(self, part: Path, header: UploadHeader, digest: Any) -> None:
        if digest.hexdigest() != header.model_sha256:
            part.unlink()
            raise ModelCorruptError(
                f"the bytes that arrived have SHA-256 {digest.hexdigest()}, announced was {header.model_sha256}; "
                "they were removed, upload the model anew"
            )
        await asyncio.to_thread(rename_durably, part, self._models_dir / header.model_sha256)

    def _make_room(self, header: UploadHeader, received: int) -> None:
        """Remove what was not used for longest until the rest of an upload fits."""
        missing = header.size_bytes - received
        removable = self._removable(header.model_sha256)
        if (excess := self._excess(missing)) > sum(map(_size, removable)):
            raise DiskFullError(
                f"the model needs {missing} bytes, {excess} more than there is: the agent keeps "
                f"{self._disk_reserve_bytes} bytes of the disk free and at most {self._cache_bytes} bytes of models; "
                "free some disk space, or wait until the jobs before have ended"
            )
        while self._excess(missing):
            removable.pop(0).unlink()

    def _excess(self, missing: int) -> int:
        # What other uploads have announced is as good as taken.
        missing += sum(size - _size(self._part(name)) for name, size in self._announced_bytes.items())
        used = sum(_size(path) for path in self._files())
        disk = os.statvfs(self._uploads_dir)
        free = disk.f_bavail * disk.f_frsize
        return max(0, used + missing - self._cache_bytes, missing + self._disk_reserve_bytes - free)

    def _removable(self, model_sha256: str) -> list[Path]:
        kept = {model_sha256, *self._needed_models(), *self._uploads}
        files = [path for path in self._files() if path.name.removesuffix(".part") not in kept]
        return sorted(files, key=lambda path: path.stat().st_mtime_ns)

    def _files(self) -> list[Path]:
        return [*self._models_dir.iterdir(), *self._uploads_dir.iterdir()]

    def _part(self, model_sha256: str) -> Path:
        return self._uploads_dir / f"{model_sha256}.part"


class _Rate:
    """Makes those who take wait, so that no more is taken per second than allowed; what a second left over is kept."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._paid_until_s = -math.inf

    async def take(self, count: int) -> None:
        """Wait until so many may be taken."""
        now_s = asyncio.get_running_loop().time()
        self._paid_until_s = max(self._paid_until_s, now_s - 1.0) + count / self._per_second
        if self._paid_until_s > now_s:
            await asyncio.sleep(self._paid_until_s - now_s)


@contextlib.contextmanager
def _removed_when_full(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        part.unlink(missing_ok=True)
        raise DiskFullError("the device's disk ran full during the upload; free some space and upload anew") from error


async def _next_chunk(chunks: Any, received: int) -> bytes:
    try:
        chunk: bytes = await asyncio.wait_for(anext(chunks), CHUNK_WAIT_S)
    except StopAsyncIteration:
        raise UploadOffsetError(f"the upload ended early; go on at byte {received}") from None
    except asyncio.TimeoutError:
        raise UploadOffsetError(f"no chunk arrived for {CHUNK_WAIT_S:g} s; go on at byte {received}") from None
    if not 1 <= len(chunk) <= CHUNK_BYTES_LIMIT:
        raise InvalidRequestError(f"a chunk must have 1 to {CHUNK_BYTES_LIMIT} bytes, got {len(chunk)}")
    return chunk


def _digest(path: Path) -> Any:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(CHUNK_BYTES_LIMIT):
            digest.update(block)
    return digest


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
