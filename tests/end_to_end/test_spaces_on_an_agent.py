"""Networks of search spaces on a real agent, an image as their answer included."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

import edgeprof
from edgeprof.devices.local_agent import local_agent
from edgeprof.exporters.onnx import export_architecture
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.spaces.transnas.micro import TransNASMicro
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

CELL = [("max_pool_3x3", 0), ("skip_connect", 1)] * 4
SMALL = [
    (get_space("nasbench101"), "ModelSpec(matrix=[[0, 1], [0, 0]], ops=['input', 'output'])"),
    (
        get_space("nasbench301"),
        f"Genotype(normal={CELL}, normal_concat=[2, 3, 4, 5], reduce={CELL}, reduce_concat=[2, 3, 4, 5])",
    ),
    (get_space("transnasbench101_macro"), "64-3334-basic"),
    (TransNASMicro("normal", side=64), "64-41414-0_00_100"),
]
QUICK = MeasurementPlan(warmup_duration_ms=1.0, timed_duration_ms=1.0, timed_run_count=10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_network_of_each_space_is_exported_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPROF_AGENT_RUNTIMES", "onnxruntime")
    with local_agent(tmp_path / "agent") as address, edgeprof.connect(address) as client:
        for space, text in SMALL:
            model = export_architecture(space, space.parse(text), tmp_path)
            measurement = client.measure(model, Setting(runtime="onnxruntime"), job_id=uuid.uuid4().hex, plan=QUICK)
            assert 0.0 < measurement.median_ms < 10_000.0
