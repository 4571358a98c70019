"""The process of the test itself allocates and frees, so that its own allocator keeps memory."""

import asyncio
import ctypes

import pytest

from edgeprof_agent.freed_memory import resident_bytes, return_freed_memory
from edgeprof_agent.quiet_window import QuietWindow

CHUNK_BYTES = 64 * 1024
CHUNK_COUNT = 800
ALL_BYTES = CHUNK_BYTES * CHUNK_COUNT


def resident() -> int:
    found = resident_bytes()
    assert found is not None
    return found


def allocate(libc: ctypes.CDLL) -> list[int]:
    chunks = [libc.malloc(CHUNK_BYTES) for _ in range(CHUNK_COUNT)]
    for chunk in chunks:
        ctypes.memset(chunk, 1, CHUNK_BYTES)
    return chunks


@pytest.mark.parametrize("is_timing", [False, True])
def test_freed_memory_goes_back_but_not_while_a_block_is_timed(is_timing: bool) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    quiet_window = QuietWindow()

    async def growth_after_freeing() -> int:
        task = asyncio.create_task(return_freed_memory(quiet_window, interval_s=0.05))
        await asyncio.sleep(0)
        start = resident()
        *freed, last = allocate(libc)
        # The last chunk keeps the heap's end in use, so that freeing alone returns nothing.
        for chunk in freed:
            libc.free(chunk)
        assert resident() - start > ALL_BYTES // 2
        if is_timing:
            quiet_window.begin_block()
        await asyncio.sleep(0.3)
        grown = resident() - start
        libc.free(last)
        task.cancel()
        return grown

    grown = asyncio.run(growth_after_freeing())
    assert (grown > ALL_BYTES // 2) == is_timing
