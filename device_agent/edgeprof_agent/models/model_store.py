"""Models on the device's disk by SHA-256: resumable uploads, and a cache of limited size.

    DATA/models/<sha256>          whole models, verified
    DATA/uploads/<sha256>.part    partial uploads

The modification time of a file is when it was last used; the least recently used file is removed first. A partial
upload that ran into a full disk is removed; one that broke off for another reason is kept and can be resumed.
"""

import asyncio
import contextlib
import hashlib
import math
import os
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

from edgeprof_agent.data_dir import rename_durably
from edgeprof_agent.errors import (
    DiskFullError,
    ModelCorruptError,
    ModelNotFoundError,
    ModelTooLargeError,
    UploadLimitedError,
    UploadOffsetError,
)
from edgeprof_agent.models.stored_model import ModelParts, hashes_with_parts, read_manifest
from edgeprof_agent.models.upload import (
    CHUNK_BYTES_LIMIT,
    RateLimit,
    UploadHeader,
    next_chunk,
    removed_when_full,
)
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto.records.validation import require_sha256


class ModelStore:
    """The models of one agent; all methods are called from one event loop.

    Args:
        data_dir: The agent's folder.
        model_bytes: Size of one model at most.
        cache_bytes: Size of all files together at most.
        disk_reserve_bytes: Disk space that is kept free.
        needed_models: Returns the SHA-256 of models that must not be removed now.
        upload_count: Concurrent uploads at most.
        upload_bytes_per_s: Rate of all uploads together, in bytes per second at most.
        quiet_window: Holds uploads up while a block is timed; None where nothing is measured.
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
        quiet_window: QuietWindow | None = None,
    ) -> None:
        self._models_dir = data_dir / "models"
        self._uploads_dir = data_dir / "uploads"
        for folder in (self._models_dir, self._uploads_dir):
            folder.mkdir(exist_ok=True)
        self.model_bytes = model_bytes
        self._cache_bytes = cache_bytes
        self._disk_reserve_bytes = disk_reserve_bytes
        self._needed_models = needed_models
        self._upload_limit = upload_count
        self._upload_count = 0
        self._rate = RateLimit(upload_bytes_per_s)
        self._quiet_window = quiet_window or QuietWindow()
        self._announced_bytes: dict[str, int] = {}
        self._uploads: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def use_model(self, model_sha256: str) -> Path:
        """Return the file of a model and mark it as used now.

        Args:
            model_sha256: The model.

        Raises:
            ModelNotFoundError: If it is not on the device, or its upload is not complete.
        """
        path = self._models_dir / model_sha256
        try:
            os.utime(path)
        except FileNotFoundError:
            raise ModelNotFoundError(f"there is no model {model_sha256} on this device; upload it first") from None
        return path

    async def verified_model(self, model_sha256: str) -> Path:
        """Return the file of a model after checking its SHA-256.

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
                "removed, upload the model again and create another job"
            )
        return path

    async def verified_parts(self, model_sha256: str, inputs_sha256: str = "") -> ModelParts:
        """Return what belongs to a job beside the file that names its model, after checking each SHA-256.

        Args:
            model_sha256: The model.
            inputs_sha256: The archive with the values of inputs; empty for none.

        Raises:
            ModelNotFoundError: If a file is not on the device, or not whole.
            ModelCorruptError: If a file has changed since; it is removed.
        """
        inputs_path = await self.verified_model(inputs_sha256) if inputs_sha256 else None
        manifest = read_manifest(self.use_model(model_sha256))
        if manifest is None:
            return ModelParts(inputs_path=inputs_path)
        files = {file.name: await self.verified_model(file.sha256) for file in manifest.files}
        return ModelParts(files=files, inputs=manifest.inputs, inputs_path=inputs_path)

    def received_bytes(self, model_sha256: str) -> tuple[int, bool]:
        """Return the number of bytes of a model on the device, and whether it is complete.

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
        """Store a model, or the rest of one. Concurrent uploads of the same model wait for each other.

        Args:
            header: The model, and where the upload continues.
            chunks: Its bytes from `header.offset_bytes` on.

        Returns:
            Bytes of the model on the device, which are all of them.

        Raises:
            ModelTooLargeError: If the model is beyond the limit.
            UploadOffsetError: If the upload must continue at another byte, or it stalled.
            ModelCorruptError: If the bytes do not have the announced SHA-256 or size; they are removed.
            DiskFullError: If there is no space.
            UploadLimitedError: If too many uploads are under way.
        """
        if header.size_bytes > self.model_bytes:
            raise ModelTooLargeError(
                f"the model has {header.size_bytes} bytes, this agent takes up to {self.model_bytes}; "
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
                f"the upload continues at byte {received}, not at byte {header.offset_bytes}; "
                f"send offset_bytes {received}, or 0 to start again"
            )

    async def _store(self, header: UploadHeader, chunks: AsyncIterable[bytes]) -> None:
        part = self._part(header.model_sha256)
        self._announced_bytes[header.model_sha256] = header.size_bytes
        try:
            with removed_when_full(part):
                digest = await self._append(part, header, chunks)
            await self._finish(part, header, digest)
        finally:
            del self._announced_bytes[header.model_sha256]

    async def _append(self, part: Path, header: UploadHeader, chunks: AsyncIterable[bytes]) -> Any:
        with open(part, "ab" if header.offset_bytes else "wb") as file:
            digest = await self._digest_quietly(part)
            received = header.offset_bytes
            iterator = aiter(chunks)
            while received < header.size_bytes:
                chunk = await next_chunk(iterator, received)
                await self._rate.take(len(chunk))
                received += len(chunk)
                if received > header.size_bytes:
                    part.unlink()
                    raise ModelCorruptError(
                        f"more bytes arrived than the {header.size_bytes} announced; upload the model again"
                    )
                file.write(chunk)
                # Flushed, so that GetModel reports what a resumed upload will find.
                file.flush()
                digest.update(chunk)
                # Before the next chunk is asked for: what the host sends meanwhile waits on its side.
                await self._quiet_window.hold_up(len(chunk))
            await asyncio.to_thread(os.fsync, file.fileno())
        return digest

    async def _digest_quietly(self, path: Path) -> Any:
        """Hash what an earlier upload left, held up while a block is timed."""
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := await asyncio.to_thread(file.read, CHUNK_BYTES_LIMIT):
                await asyncio.to_thread(digest.update, block)
                await self._quiet_window.hold_up(len(block))
        return digest

    async def _finish(self, part: Path, header: UploadHeader, digest: Any) -> None:
        if digest.hexdigest() != header.model_sha256:
            part.unlink()
            raise ModelCorruptError(
                f"the bytes that arrived have SHA-256 {digest.hexdigest()}, announced was {header.model_sha256}; "
                "they were removed, upload the model again"
            )
        await asyncio.to_thread(rename_durably, part, self._models_dir / header.model_sha256)

    def _make_room(self, header: UploadHeader, received: int) -> None:
        """Remove the least recently used files until the rest of an upload fits."""
        missing = header.size_bytes - received
        removable = self._removable(header.model_sha256)
        if (excess := self._excess(missing)) > sum(map(_size, removable)):
            raise DiskFullError(
                f"the model needs {missing} bytes, {excess} more than there is: the agent keeps "
                f"{self._disk_reserve_bytes} bytes of the disk free and at most {self._cache_bytes} bytes of models; "
                "free some disk space, or wait until earlier jobs have ended"
            )
        while self._excess(missing):
            removable.pop(0).unlink()

    def _excess(self, missing: int) -> int:
        # Space that other uploads have announced is reserved for them.
        missing += sum(size - _size(self._part(name)) for name, size in self._announced_bytes.items())
        used = sum(_size(path) for path in self._files())
        disk = os.statvfs(self._uploads_dir)
        free = disk.f_bavail * disk.f_frsize
        return max(0, used + missing - self._cache_bytes, missing + self._disk_reserve_bytes - free)

    def _removable(self, model_sha256: str) -> list[Path]:
        kept = hashes_with_parts(self._models_dir, {model_sha256, *self._needed_models(), *self._uploads})
        files = [path for path in self._files() if path.name.removesuffix(".part") not in kept]
        return sorted(files, key=lambda path: path.stat().st_mtime_ns)

    def _files(self) -> list[Path]:
        return [*self._models_dir.iterdir(), *self._uploads_dir.iterdir()]

    def _part(self, model_sha256: str) -> Path:
        return self._uploads_dir / f"{model_sha256}.part"


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
