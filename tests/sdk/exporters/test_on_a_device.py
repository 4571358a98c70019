"""Networks in other precisions than float32, measured by an agent."""

from pathlib import Path

import pytest
from sdk.exporters.on_a_device import measured_networks

import edgeprof
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting

SPACE = get_space("nasbench201")
TEXTS = [
    f"|{operator}~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|" for operator in ("nor_conv_1x1", "avg_pool_3x3")
]


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


def test_onnxruntime_measures_int8_networks(simulated_device: SimulatedDevice, tmp_path: Path) -> None:
    setting = Setting(runtime="onnxruntime", precision="int8")
    for measurement in measured_networks(simulated_device.address, setting, SPACE, TEXTS, tmp_path):
        # Files for the nodes of a quantised graph ran, not those of the float32 one.
        assert measurement.node_counts


def test_an_onboarding_in_int8_leaves_a_profile_of_its_own(simulated_device: SimulatedDevice, tmp_path: Path) -> None:
    setting = Setting(runtime="simulated", precision="int8")
    with edgeprof.connect(simulated_device.address) as client:
        onboarded = edgeprof.onboard(
            client,
            SPACE.name,
            setting=setting,
            goal=edgeprof.Goal(sample_count=3),
            output=tmp_path,
            store=tmp_path / "store.sqlite3",
            model_folder=tmp_path / "models",
        )
    assert onboarded.path is not None
    assert "_int8_" in onboarded.path.name
    assert onboarded.report.failures == ()
    # The networks of the samples, and of what seemed next at each step.
    assert len(list((tmp_path / "models").iterdir())) >= 3
