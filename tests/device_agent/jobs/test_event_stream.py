"""The streaming of blocks to those who watch, for which the worker waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edgeprof_agent.jobs import event_stream
from edgeprof_agent.jobs.event_stream import EventStream
from edgeprof_agent.jobs.journal import Journal
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto.records.job import JobEvent, JobState
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock

BLOCK = LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(1.0,))
Take = Callable[[JobEvent], Awaitable[None]]


@pytest.fixture
def journal(tmp_path: Path, job_spec: JobSpec) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.sqlite3")) as opened:
        opened.create_job("job", job_spec, time=0.0)
        opened.append("job", JobState.RUNNING, time=0.0)
        yield opened


async def watch(stream: EventStream, take: Take) -> None:
    async for event in stream.watch("job", from_sequence=1):
        await take(event)


def test_a_block_is_waited_for_until_those_who_watch_have_it(journal: Journal) -> None:
    async def wait_for_watchers() -> list[int]:
        stream, taken = EventStream(journal, QuietWindow(), time.time), []

        async def take(event: JobEvent) -> None:
            if event.event == BLOCK:
                await asyncio.sleep(0.2)
            taken.append(event.sequence)

        watching = asyncio.ensure_future(watch(stream, take))
        await asyncio.sleep(0.05)
        stream.append("job", BLOCK)
        await stream.streamed("job")
        watching.cancel()
        return taken

    assert asyncio.run(wait_for_watchers()) == [1, 2, 3]


def test_a_slow_link_is_waited_for_once_and_then_not_until_it_has_caught_up(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "STREAM_WAIT_S", 0.2)

    async def wait_for_watchers() -> list[float]:
        stream, link, waits = EventStream(journal, QuietWindow(), time.time), asyncio.Event(), []

        async def take(event: JobEvent) -> None:
            if event.event == BLOCK:
                await link.wait()

        watching = asyncio.ensure_future(watch(stream, take))
        await asyncio.sleep(0.05)
        for _ in range(3):
            stream.append("job", BLOCK)
            start_s = time.monotonic()
            await stream.streamed("job")
            waits.append(time.monotonic() - start_s)
        link.set()
        await asyncio.sleep(0.1)
        assert not watching.done()
        watching.cancel()
        return waits

    first, second, third = asyncio.run(wait_for_watchers())
    assert first >= 0.2 and max(second, third) < 0.2


def test_events_of_the_past_are_held_up_while_a_block_is_timed(journal: Journal) -> None:
    async def catch_up() -> None:
        window, taken = QuietWindow(), []
        stream = EventStream(journal, window, time.time)
        many = LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(1.0,) * 50_000)
        for _ in range(3):
            stream.append("job", many)
        window.begin_block()

        async def take(event: JobEvent) -> None:
            taken.append(event.sequence)

        watching = asyncio.ensure_future(watch(stream, take))
        await asyncio.sleep(0.3)
        assert taken == [1, 2]
        window.end_block()
        await asyncio.sleep(0.3)
        watching.cancel()
        assert taken == [1, 2, 3, 4, 5]

    asyncio.run(catch_up())
