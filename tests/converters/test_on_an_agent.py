"""Converted networks, measured by the engines that read them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sdk.exporters.on_a_device import measured_networks

import edgeprof
from edgeprof.devices.local_agent import local_agent
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SPACE = get_space("nasbench201")
SHORT = MeasurementPlan(warmup_run_count=3, warmup_duration_ms=1.0, timed_run_count=10, timed_duration_ms=1.0)
TEXTS = [SPACE.format(item) for item in SPACE.sample(2, seed=2)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_agent(tmp_path_factory.mktemp("agent")) as found:
        yield found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("runtime", "precision"), [("litert", "float32"), ("litert", "int8"), ("ncnn", "float32"), ("ncnn", "bfloat16")]
)
def test_networks_are_measured(runtime: str, precision: str, address: str, tmp_path: Path) -> None:
    assert measured_networks(address, Setting(runtime=runtime, precision=precision), SPACE, TEXTS, tmp_path)


MODULE = """
import torch
from torch import nn

class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.dense = nn.Conv2d(3, 4, 3), nn.Linear(5, 4)

    def forward(self, image, facts):
        return self.conv(image).mean((2, 3)) + self.dense(facts)
"""


@pytest.mark.timeout(300)
def test_a_users_module_is_measured_by_each_runtime_on_the_values_that_are_given(address: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    values = {"image": np.ones((1, 3, 9, 8), np.float32), "facts": np.ones((1, 5), np.float32)}
    np.savez(tmp_path / "inputs.npz", **values)
    settings = [
        *(Setting(runtime=name) for name in ("onnxruntime", "litert", "ncnn")),
        Setting(runtime="litert", precision="int8"),
    ]
    with edgeprof.connect(address) as client:
        table = edgeprof.benchmark_table(
            client,
            f"{tmp_path / 'net.py'}:Pair",
            settings,
            plan=SHORT,
            inputs=tmp_path / "inputs.npz",
            store=tmp_path / "store.sqlite3",
        )
    assert [row.failure for row in table.rows] == [""] * 4
    for row in table.rows:
        assert row.result is not None
        assert all(item.is_given for item in row.result.measurement.inputs)
    assert {(row.setting.runtime, row.setting.precision) for row in table.rows} == {
        (item.runtime, item.precision) for item in settings
    }
