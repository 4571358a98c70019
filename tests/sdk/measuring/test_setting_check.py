"""What a device cannot do is refused before anything is exported or measured."""

from pathlib import Path

import pytest

import edgeprof
from edgeprof.errors import SettingNotSupportedError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job_spec import Setting


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (Setting(runtime="onnxruntime", precision="float64"), "in float32, float16 or int8.*or leave it out"),
        (Setting(runtime="onnxruntime", precision="float7"), "no precision 'float7'; choose from: float32, "),
        (Setting(runtime="simulated", thread_count=1_000), "allows 64 threads, 1000 were asked for"),
    ],
    ids=["float64", "float7", "threads"],
)
def test_an_onboarding_that_cannot_run_is_refused_before_anything_is_exported(
    simulated_device: SimulatedDevice, tmp_path: Path, setting: Setting, sentence: str
) -> None:
    models = tmp_path / "models"
    with (
        edgeprof.connect(simulated_device.address) as client,
        pytest.raises(SettingNotSupportedError, match=sentence),
    ):
        edgeprof.onboard(client, "nasbench201", setting=setting, model_folder=models)
    assert not models.exists()


def test_a_benchmark_is_refused_before_its_model_is_read(simulated_device: SimulatedDevice, tmp_path: Path) -> None:
    setting = Setting(runtime="simulated", thread_count=1_000)
    with edgeprof.connect(simulated_device.address) as client, pytest.raises(SettingNotSupportedError, match="threads"):
        edgeprof.benchmark(client, tmp_path / "absent.onnx", setting=setting)
