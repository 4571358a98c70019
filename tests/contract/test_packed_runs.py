"""Runs of a long block, packed, are equal to the runs, in JSON and on the wire."""

import json
from typing import Any

import numpy
import pytest

from edgeprof_proto import wire
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job import JobEvent
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.records.packed_runs import PackedRuns, packed
from edgeprof_proto.records.validation import RecordError


@pytest.mark.parametrize("values", [(0.020123, 5000.25, 1e-6), (1.0 / 3, 2.5), (5_000_000.0,), ()])
def test_packed_runs_are_equal_to_the_runs(values: tuple[float, ...]) -> None:
    runs = PackedRuns(values)
    assert runs == values and tuple(runs) == values and len(runs) == len(values)
    assert runs[::2] == values[::2] and hash(runs) == hash(values)
    assert PackedRuns.from_text(runs.to_text()) == runs
    assert numpy.array_equal(numpy.array(runs), numpy.array(values))


def test_long_block_is_packed_in_json_and_travels_as_it_is() -> None:
    runs = tuple(0.02 + (index % 997) * 1e-6 for index in range(50_000))
    block = LatencyBlock(is_warmup=False, start_ms=1.0, latency_ms=packed(tuple(round(run, 6) for run in runs)))
    text = json.dumps(to_json(block))
    assert len(text) < 4 * len(runs)
    assert from_json(LatencyBlock, json.loads(text)) == block
    event = JobEvent(sequence=1, event=block)
    assert wire.event_from_message(wire.event_to_message(event)) == event


@pytest.mark.parametrize("text", ["", "!", "eJw=", 5])
def test_damaged_packed_runs_are_a_wrong_record(text: Any) -> None:
    with pytest.raises(RecordError, match="latency_ms"):
        from_json(LatencyBlock, {"is_warmup": False, "start_ms": 0.0, "latency_ms": {"packed": text}})
