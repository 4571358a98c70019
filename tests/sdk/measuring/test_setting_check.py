"""What a device cannot do is refused before anything is exported or measured."""

from pathlib import Path

import pytest
from factories import model_of

import edgeprof
from edgeprof.errors import ModelFileError, SettingNotSupportedError
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (Setting(runtime="onnxruntime", precision="float64"), "in float32, float16 or int8.*or leave it out"),
        (Setting(runtime="onnxruntime", precision="float7"), "not offer precision 'float7'; it offers: float32, "),
        (Setting(runtime="simulated", thread_count=1_000), "allows 64 threads, 1000 were asked for"),
    ],
    ids=["float64", "float7", "threads"],
)
def test_an_onboarding_that_cannot_run_is_refused_before_anything_is_exported(
    shared_device: SimulatedDevice, tmp_path: Path, setting: Setting, sentence: str
) -> None:
    models = tmp_path / "models"
    with (
        edgeprof.connect(shared_device.address) as client,
        pytest.raises(SettingNotSupportedError, match=sentence),
    ):
        edgeprof.onboard(client, "nasbench201", setting=setting, model_folder=models)
    assert not models.exists()


def test_a_benchmark_is_refused_before_its_model_is_read(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    setting = Setting(runtime="simulated", thread_count=1_000)
    with edgeprof.connect(shared_device.address) as client, pytest.raises(SettingNotSupportedError, match="threads"):
        edgeprof.benchmark(client, tmp_path / "absent.onnx", setting=setting)


@pytest.fixture
def model() -> Path:
    space = get_space("nasbench201")
    return model_of(space, space.sample(1, seed=0)[0])


def test_another_precision_than_that_of_the_file_is_refused_before_the_upload(
    shared_device: SimulatedDevice, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = Setting(runtime="onnxruntime", precision="int8")
    damaged = model.with_name("damaged.onnx")
    damaged.write_bytes(model.read_bytes()[:-1_000])
    plan = MeasurementPlan(warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1)
    with edgeprof.connect(shared_device.address) as client:
        before = list(client.jobs())
        with monkeypatch.context() as patch:
            patch.setattr(client, "upload_model", lambda *arguments, **options: pytest.fail("it was uploaded"))
            with pytest.raises(SettingNotSupportedError, match=r"onnx computes in float32, precision 'int8' was asked"):
                edgeprof.benchmark(client, model, setting=setting)
            candidates = [edgeprof.Candidate(name=name, model=model, setting=setting) for name in "ab"]
            with pytest.raises(SettingNotSupportedError, match="leave --precision out"):
                edgeprof.compare(client, *candidates)
            with pytest.raises(ModelFileError, match="cut off or damaged"):
                edgeprof.benchmark(client, damaged, setting=setting)
            with pytest.raises(ModelFileError, match="cannot read the model"):
                edgeprof.benchmark(client, model.with_name("absent.onnx"), setting=setting)
        assert list(client.jobs()) == before
        setting = Setting(runtime="onnxruntime", precision="float32")
        assert edgeprof.benchmark(client, model, setting=setting, plan=plan).measurement.setting.precision == "float32"
