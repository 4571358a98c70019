import json
import os
import threading
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from edgeprof_agent.worker import server_link
from edgeprof_agent.worker.server_link import PipeLink
from edgeprof_proto.records.measurement import LatencyBlock

BLOCK = LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(1.0,))


@pytest.fixture
def pipes() -> Iterator[tuple[PipeLink, TextIO, int]]:
    """A link, the end of its events, and the end where its acknowledgements are written."""
    events_in, events_out = os.pipe()
    numbers_in, numbers_out = os.pipe()
    with open(events_out, "w", encoding="utf-8") as sink, open(events_in, encoding="utf-8") as events:
        link = PipeLink(sink)
        link.wait_for_acknowledgements(numbers_in)
        yield link, events, numbers_out
    os.close(numbers_in)


def test_a_block_is_waited_for_until_its_own_number_comes(pipes: tuple[PipeLink, TextIO, int]) -> None:
    link, events, numbers = pipes
    threading.Timer(0.1, os.write, (numbers, b"1\n")).start()
    assert link.send_block(BLOCK) > 0
    assert json.loads(events.readline())["event"] == "block"
    threading.Timer(0.1, os.write, (numbers, b"1\n")).start()  # late, and of another block
    threading.Timer(0.5, os.write, (numbers, b"2\n")).start()
    assert link.send_block(BLOCK) > 0.25
    os.close(numbers)


def test_a_silent_server_is_not_waited_for_for_ever(
    pipes: tuple[PipeLink, TextIO, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    link, _, numbers = pipes
    monkeypatch.setattr(server_link, "ACKNOWLEDGEMENT_WAIT_S", 0.2)
    start_s = time.monotonic()
    link.send_block(BLOCK)
    assert 0.2 <= time.monotonic() - start_s < 30
    os.write(numbers, b"1\n2\n")
    monkeypatch.setattr(server_link, "ACKNOWLEDGEMENT_WAIT_S", 60.0)
    link.send_block(BLOCK)
    os.close(numbers)


def test_a_server_that_acknowledges_nothing_is_not_waited_for(pipes: tuple[PipeLink, TextIO, int]) -> None:
    link, events, numbers = pipes
    os.close(numbers)
    link.send_block(BLOCK)
    link.begin_block()
    assert json.loads(events.readline())["event"] == "block"
