import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

import pytest

from edgeprof_agent.errors import (
    DiskFullError,
    ModelCorruptError,
    ModelNotFoundError,
    UploadLimitedError,
    UploadOffsetError,
)
from edgeprof_agent.models import model_store, upload
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.models.upload import UploadHeader
from edgeprof_proto.records.model_manifest import ManifestFile, ModelManifest

BuildStore = Callable[..., ModelStore]


@pytest.fixture
def build_store(tmp_path: Path) -> BuildStore:
    def build(
        *, cache_bytes: int = 10_000, disk_reserve_bytes: int = 0, needed: Collection[str] = (), **limits: float
    ) -> ModelStore:
        return ModelStore(
            tmp_path,
            model_bytes=10_000,
            cache_bytes=cache_bytes,
            disk_reserve_bytes=disk_reserve_bytes,
            needed_models=lambda: needed,
            **limits,
        )

    return build


def sha256_of(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def receive(store: ModelStore, model: bytes, *chunks: bytes, offset_bytes: int = 0) -> int:
    header = UploadHeader(model_sha256=sha256_of(model), size_bytes=len(model), offset_bytes=offset_bytes)
    return asyncio.run(store.receive(header, chunks_of(*(chunks or (model,)))))


def test_model_is_found_under_its_sha256_once_it_is_whole(build_store: BuildStore) -> None:
    store = build_store()
    with pytest.raises(ModelNotFoundError):
        store.use_model(sha256_of(b"abc"))
    assert receive(store, b"abc", b"a", b"bc") == 3
    assert store.use_model(sha256_of(b"abc")).read_bytes() == b"abc"


def test_part_survives_a_restart_and_is_verified_with_the_rest(build_store: BuildStore) -> None:
    with pytest.raises(UploadOffsetError, match="byte 2"):
        receive(build_store(), b"abcd", b"ab")
    assert build_store().received_bytes(sha256_of(b"abcd")) == (2, False)
    assert receive(build_store(), b"abcd", b"cd", offset_bytes=2) == 4


def test_part_that_was_whole_but_not_yet_verified_needs_no_more_bytes(build_store: BuildStore, tmp_path: Path) -> None:
    store = build_store()
    (tmp_path / "uploads" / f"{sha256_of(b'abcd')}.part").write_bytes(b"abcd")
    header = UploadHeader(model_sha256=sha256_of(b"abcd"), size_bytes=4, offset_bytes=4)
    assert asyncio.run(store.receive(header, chunks_of())) == 4


def test_damaged_part_is_removed_when_it_is_verified(build_store: BuildStore, tmp_path: Path) -> None:
    store = build_store()
    (tmp_path / "uploads" / f"{sha256_of(b'abcd')}.part").write_bytes(b"aX")
    with pytest.raises(ModelCorruptError):
        receive(store, b"abcd", b"cd", offset_bytes=2)
    assert store.received_bytes(sha256_of(b"abcd")) == (0, False)


def test_more_bytes_than_announced_are_corrupt(build_store: BuildStore) -> None:
    store = build_store()
    with pytest.raises(ModelCorruptError, match="more bytes"):
        receive(store, b"abcd", b"abcde")
    assert store.received_bytes(sha256_of(b"abcd")) == (0, False)


def test_least_recently_used_models_go_first(build_store: BuildStore) -> None:
    store = build_store(cache_bytes=30)
    models = [bytes([value]) * 10 for value in range(3)]
    for model in models:
        receive(store, model)
    store.use_model(sha256_of(models[0]))
    receive(store, b"another 10")
    assert [store.received_bytes(sha256_of(model))[1] for model in models] == [True, False, True]


def test_model_that_a_job_needs_is_never_removed(build_store: BuildStore) -> None:
    store = build_store(cache_bytes=20, needed=[sha256_of(b"a" * 10)])
    receive(store, b"a" * 10)
    receive(store, b"b" * 10)
    receive(store, b"c" * 10)
    assert [store.received_bytes(sha256_of(model * 10))[1] for model in (b"a", b"b", b"c")] == [True, False, True]
    with pytest.raises(DiskFullError):
        receive(store, b"d" * 20)
    assert store.received_bytes(sha256_of(b"c" * 10)) == (10, True)


def test_uploads_at_once_cannot_take_the_same_space_twice(build_store: BuildStore) -> None:
    store = build_store(cache_bytes=30)

    async def scenario() -> None:
        may_end = asyncio.Event()
        is_begun = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b"a"
            is_begun.set()
            await may_end.wait()
            yield b"a" * 19

        first = asyncio.ensure_future(
            store.receive(UploadHeader(model_sha256=sha256_of(b"a" * 20), size_bytes=20), slowly())
        )
        await is_begun.wait()
        with pytest.raises(DiskFullError):
            await store.receive(UploadHeader(model_sha256=sha256_of(b"b" * 20), size_bytes=20), chunks_of(b"b" * 20))
        may_end.set()
        assert await first == 20

    asyncio.run(scenario())


def test_uploads_at_once_are_bounded_and_one_that_ends_makes_room(build_store: BuildStore) -> None:
    store = build_store(upload_count=1)

    async def scenario() -> None:
        may_end = asyncio.Event()
        is_begun = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            is_begun.set()
            await may_end.wait()
            yield b"a"

        first = asyncio.ensure_future(store.receive(UploadHeader(model_sha256=sha256_of(b"a"), size_bytes=1), slowly()))
        await is_begun.wait()
        second = UploadHeader(model_sha256=sha256_of(b"b"), size_bytes=1)
        with pytest.raises(UploadLimitedError, match="try again"):
            await store.receive(second, chunks_of(b"b"))
        may_end.set()
        await first
        assert await store.receive(second, chunks_of(b"b")) == 1

    asyncio.run(scenario())


def test_uploads_wait_for_their_share_of_the_rate(build_store: BuildStore, monkeypatch: pytest.MonkeyPatch) -> None:
    paused_s: list[float] = []

    async def pause(duration_s: float) -> None:
        paused_s.append(duration_s)

    monkeypatch.setattr(upload.asyncio, "sleep", pause)
    receive(build_store(upload_bytes_per_s=100), b"a" * 400, *[b"a" * 100] * 4)
    # A second's worth is free, each later one is waited for.
    assert [round(duration_s) for duration_s in paused_s] == [1, 2, 3]


def test_space_for_the_board_stays_free(build_store: BuildStore, tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match="free some disk space"):
        receive(build_store(disk_reserve_bytes=2**60), b"abc")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_part_is_removed_when_the_disk_runs_full(build_store: BuildStore, tmp_path: Path, monkeypatch) -> None:
    store = build_store()

    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(model_store.os, "fsync", no_space)
    with pytest.raises(DiskFullError, match="ran full"):
        receive(store, b"abcd")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_host_that_sends_nothing_loses_its_place(build_store: BuildStore, monkeypatch) -> None:
    monkeypatch.setattr(upload, "CHUNK_WAIT_S", 0.01)

    async def silent() -> AsyncIterator[bytes]:
        yield b"ab"
        await asyncio.Event().wait()

    header = UploadHeader(model_sha256=sha256_of(b"abcd"), size_bytes=4)
    with pytest.raises(UploadOffsetError, match="continue at byte 2"):
        asyncio.run(build_store().receive(header, silent()))


def test_the_files_of_a_needed_manifest_are_kept_together(build_store: BuildStore) -> None:
    files = [b"a" * 3_000, b"b" * 3_000]
    manifest = ModelManifest(
        format="ncnn",
        files=tuple(
            ManifestFile(name=f"m{index}", sha256=sha256_of(content), size_bytes=len(content))
            for index, content in enumerate(files)
        ),
    ).to_bytes()
    for content in (*files, manifest, b"c" * 2_000):
        receive(build_store(), content)
    store = build_store(needed=[sha256_of(manifest)])
    with pytest.raises(DiskFullError):
        receive(store, b"d" * 5_000)
    receive(store, b"e" * 3_000)
    assert [store.received_bytes(sha256_of(content))[1] for content in (*files, manifest)] == [True] * 3
    assert store.received_bytes(sha256_of(b"c" * 2_000)) == (0, False)
    parts = asyncio.run(store.verified_parts(sha256_of(manifest)))
    assert [path.read_bytes() for path in parts.files.values()] == files
    (path := store.use_model(sha256_of(files[1]))).write_bytes(b"damaged")
    with pytest.raises(ModelCorruptError):
        asyncio.run(store.verified_parts(sha256_of(manifest)))
    assert not path.exists()
