"""A runtime that lives in another Python environment is described and measured with the interpreter there."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from device_agent.agent_process import MODEL_SHA256, StartAgent

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import ConfigError
from edgeprof_agent.runtimes.description import describe_runtimes
from edgeprof_agent.runtimes.registry import runtime_entry_points
from edgeprof_proto.v1 import device_agent_pb2, job_pb2

RUNTIME = """
import sys
import time
from edgeprof_agent.runtimes.base import LoadedModel, Runtime
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting

class Model(LoadedModel):
    def run_once(self):
        time.sleep(0.001)

class ElsewhereRuntime(Runtime):
    name = "elsewhere"
    def describe(self):
        return RuntimeInfo(name="elsewhere", version=sys.prefix, providers=("cpu",), precisions=("float32",))
    def load(self, model_path, setting, *, input_seed):
        setting = Setting(
            runtime="elsewhere", runtime_version=sys.prefix, provider="cpu", precision="float32", thread_count=1
        )
        return Model(setting=setting, load_ms=1.0)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Another environment, which has the packages of this one, and the runtime besides."""
    folder = tmp_path / "elsewhere"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "shared.pth").write_text("\n".join(path for path in sys.path if path) + "\n")
    (packages / "elsewhere-1.dist-info").mkdir()
    (packages / "elsewhere-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1\n")
    entry_point = "[edgeprof.runtimes]\nelsewhere = elsewhere_runtime:ElsewhereRuntime\n"
    (packages / "elsewhere-1.dist-info" / "entry_points.txt").write_text(entry_point)
    (packages / "elsewhere_runtime.py").write_text(RUNTIME)
    return folder


def test_a_runtime_is_described_by_the_interpreter_that_has_it(environment: Path) -> None:
    assert "elsewhere" not in runtime_entry_points()
    pythons, names = {"elsewhere": str(environment / "bin/python")}, ("elsewhere", "onnxruntime")
    described = {info.name: info for info in describe_runtimes(pythons, names=names)}
    assert described["elsewhere"].version == str(environment)
    assert described["onnxruntime"].version is not None


def test_a_runtime_is_measured_by_the_interpreter_that_has_it(environment: Path, start_agent: StartAgent) -> None:
    command = (sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0", "--insecure")
    python = environment / "bin/python"
    agent = start_agent(command=(*command, f"--runtime-python=elsewhere={python}", "--runtime=elsewhere"))
    device = agent.stub.GetDevice(device_agent_pb2.GetDeviceRequest(), timeout=60).device
    assert {item.name: item.version for item in device.runtimes}["elsewhere"] == str(environment)
    agent.upload()
    plan = job_pb2.MeasurementPlan(warmup_duration_ms=1, timed_duration_ms=1, timed_run_count=10)
    setting = job_pb2.Setting(runtime="elsewhere", thread_count=1, batch_size=1)
    spec = job_pb2.JobSpec(model_sha256=MODEL_SHA256, setting=setting, plan=plan)
    agent.stub.CreateJob(device_agent_pb2.CreateJobRequest(job_id="elsewhere", spec=spec), timeout=20)
    events = list(agent.watch_job("elsewhere"))
    measurement = next((event.measurement for event in events if event.HasField("measurement")), None)
    assert measurement is not None, [event.failure.message for event in events if event.HasField("failure")]
    assert measurement.setting.runtime_version == str(environment)


def test_an_environment_without_edgeprof_is_not_available_with_what_to_do(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = str(tmp_path / "bare/bin/python")
    (described,) = describe_runtimes({"tflite": python}, names=("tflite",))
    reason = described.unavailable_reason or ""
    assert "No module named 'edgeprof_agent'" in reason
    assert f"{python} -m pip install" in reason


def test_an_environment_with_another_version_says_which(environment: Path) -> None:
    command = (environment / "bin/python", "-m", "edgeprof_agent.runtimes.describe", "elsewhere", "9.9, contract 99")
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "the agent is 9.9, contract 99: install the agent's version there" in answer


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("tflite", "NAME=PATH"),
        ("tflite=python3", "absolute path"),
        ("a b=/usr/bin/env", "NAME=PATH"),
        ("tflite=/no/such/python", "cannot be started: /no/such/python"),
        ("tflite=/tmp", "cannot be started"),
    ],
)
def test_what_is_no_interpreter_is_refused_at_the_start(value: str, match: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=match):
        AgentConfig(data_dir=tmp_path, runtime_pythons=value)
