"""Latencies elsewhere, measured on a real agent whose time is virtual."""

from pathlib import Path

import pytest

import edgeprof
from edgeprof.references import measure_references
from edgeprof.store import Store
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.encodings import LatencyEncoding, TableReferences
from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records import MeasurementPlan, Setting

PLAN = MeasurementPlan(
    warmup_run_count=2, warmup_duration_ms=0.1, timed_run_count=10, timed_duration_ms=0.1, block_count=5
)


def test_references_are_measured_and_become_an_encoding(tmp_path: Path) -> None:
    space = get_space("nasbench201")
    texts = [space.format(architecture) for architecture in space.sample(1, seed=3)]
    with SimulatedDevice(tmp_path / "device") as device, edgeprof.connect(device.address) as client:
        references = {
            f"{count} threads": (client, Setting(runtime="simulated", thread_count=count)) for count in (1, 2)
        }
        with Store(tmp_path / "store.db") as store:
            first = measure_references(
                references, "nasbench201", texts, store=store, plan=PLAN, model_folder=tmp_path / "models"
            )
            with pytest.raises(ArchitectureError):
                measure_references(references, "nasbench201", ["no architecture"], store=store)
    assert first.platforms == ("1 threads", "2 threads")
    assert [space.format(item) for item in space.architectures(first.choices)] == texts
    assert LatencyEncoding(TableReferences("nasbench201", first), first.choices).columns == first.platforms
