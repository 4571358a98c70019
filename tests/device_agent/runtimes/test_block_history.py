import statistics
from itertools import count

import pytest

from edgeprof_agent.runtimes import block_history
from edgeprof_agent.runtimes.block_history import BlockHistory
from edgeprof_proto.records.measurement import LatencyBlock


def blocks(number: int) -> list[LatencyBlock]:
    values = count(1)
    return [
        LatencyBlock(is_warmup=index == 0, start_ms=0.0, latency_ms=tuple(float(next(values)) for _ in range(100)))
        for index in range(number)
    ]


def test_every_run_is_kept_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_history, "KEPT_RUN_COUNT", 500)
    taken = blocks(5)
    history = BlockHistory()
    for block in taken:
        history.add(block)
    assert history.blocks == taken
    assert history.timed_blocks == taken[1:]


def test_however_many_runs_there_are_few_are_kept_and_their_quartiles_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_history, "KEPT_RUN_COUNT", 500)
    taken = blocks(60)
    history = BlockHistory()
    for block in taken:
        history.add(block)
        assert sum(len(kept.latency_ms) for kept in history.blocks) <= 500
    assert [block.latency_ms[0] for block in history.blocks] == [block.latency_ms[0] for block in taken]
    assert history.timed_ms == sum(sum(block.latency_ms) for block in taken[1:])
    of_all = statistics.quantiles(value for block in taken[1:] for value in block.latency_ms)
    of_kept = statistics.quantiles(value for block in history.timed_blocks for value in block.latency_ms)
    assert of_kept == pytest.approx(of_all, rel=0.03)
