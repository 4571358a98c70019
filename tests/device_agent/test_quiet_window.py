"""Uploads, diagnoses and the streaming of past events while a block is timed."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgeprof_agent import quiet_window
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.models.upload import UploadHeader
from edgeprof_agent.quiet_window import QuietWindow

CHUNK = bytes(256 * 1024)
CHUNK_COUNT = 8
MODEL = CHUNK * CHUNK_COUNT
HEADER = UploadHeader(model_sha256=hashlib.sha256(MODEL).hexdigest(), size_bytes=len(MODEL))


class Host:
    """Sends chunks as fast as they are taken, and counts them."""

    def __init__(self) -> None:
        self.sent_count = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        for _ in range(CHUNK_COUNT):
            self.sent_count += 1
            yield CHUNK


def store_of(folder: Path, window: QuietWindow) -> ModelStore:
    limits = {"model_bytes": 2**30, "cache_bytes": 2**30, "disk_reserve_bytes": 0}
    return ModelStore(folder, **limits, needed_models=tuple, quiet_window=window)


def test_an_upload_waits_while_a_block_is_timed_and_goes_on_between_two(tmp_path: Path) -> None:
    async def upload_across_two_blocks() -> None:
        window, host = QuietWindow(), Host()
        window.begin_block()
        uploading = asyncio.ensure_future(store_of(tmp_path, window).receive(HEADER, host.chunks()))
        await asyncio.sleep(0.5)
        assert host.sent_count == 1
        window.end_block()
        await window.between_blocks()
        sent_count = host.sent_count
        assert sent_count > 1
        window.begin_block()
        await asyncio.sleep(0.3)
        assert host.sent_count <= sent_count + 1
        window.end_block()
        assert await uploading == len(MODEL)

    asyncio.run(upload_across_two_blocks())


def test_a_block_that_never_ends_slows_an_upload_down_and_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet_window, "TIMED_BYTES_PER_S", 10 * len(CHUNK))

    async def upload() -> float:
        window = QuietWindow()
        window.begin_block()
        start_s = time.monotonic()
        await store_of(tmp_path, window).receive(HEADER, Host().chunks())
        return time.monotonic() - start_s

    assert asyncio.run(upload()) >= 0.1 * (CHUNK_COUNT - 1)


def test_a_diagnosis_waits_for_the_end_of_a_block_and_the_next_block_for_the_diagnosis() -> None:
    async def diagnose_between_blocks() -> list[str]:
        window, told = QuietWindow(), []

        async def diagnose() -> None:
            async with window.disturbing():
                told.append("diagnosis begins")
                await asyncio.sleep(0.3)
                told.append("diagnosis ends")

        window.begin_block()
        diagnosing = asyncio.ensure_future(diagnose())
        await asyncio.sleep(0.2)
        told.append("block ends")
        window.end_block()
        await asyncio.sleep(0.05)
        await window.between_blocks()
        told.append("block begins")
        await diagnosing
        return told

    assert asyncio.run(diagnose_between_blocks()) == [
        "block ends",
        "diagnosis begins",
        "diagnosis ends",
        "block begins",
    ]


def test_a_diagnosis_gives_up_waiting_for_a_block_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_window, "DIAGNOSIS_WAIT_S", 0.1)

    async def diagnose() -> bool:
        window = QuietWindow()
        window.begin_block()
        async with window.disturbing():
            return window.is_timing

    assert asyncio.run(diagnose())


def test_nobody_is_given_time_where_nobody_was_held_up() -> None:
    async def pass_between_blocks() -> float:
        window = QuietWindow()
        window.begin_block()
        window.end_block()
        start_s = time.monotonic()
        await window.between_blocks()
        return time.monotonic() - start_s

    assert asyncio.run(pass_between_blocks()) < quiet_window.WINDOW_S
