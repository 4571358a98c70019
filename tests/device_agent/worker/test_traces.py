"""Traces of measurements, as files of numbers, and what they are judged to be."""

import json
from pathlib import Path

import pytest

from edgeprof_agent.worker.verdict import judge
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.measurement import Conditions, LatencyBlock

TRACES = sorted(Path(__file__).with_name("traces").glob("*.json"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_a_trace_is_judged_by_what_ran_the_model(path: Path) -> None:
    trace = json.loads(path.read_text())
    before, *during, after = (from_json(Conditions, item) for item in trace["conditions"])
    verdict = judge(
        [from_json(LatencyBlock, block) for block in trace["blocks"]],
        before,
        after,
        conditions_during=during,
        provider=trace["provider"],
        node_counts=trace["node_counts"],
        core_indices=trace["core_indices"],
        core_wait_ms=trace["core_wait_ms"],
    )
    exceeded = [item.name for item in verdict.evidence if item.is_exceeded]
    assert (verdict.kind.value, exceeded) == (trace["kind"], trace["exceeded"]), trace["origin"]


def test_there_are_traces() -> None:
    assert len(TRACES) >= 9
