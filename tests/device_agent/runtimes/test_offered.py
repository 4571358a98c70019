import os
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from device_agent.agent_process import MODEL_SHA256, StartAgent

from edgeprof_agent.config import AgentConfig, read_config
from edgeprof_agent.doctor.process import Diagnoser
from edgeprof_agent.doctor.software import check_runtimes
from edgeprof_agent.errors import ConfigError
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_agent.runtimes.description import describe_runtimes
from edgeprof_agent.service.unit import unit_text
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.v1 import device_agent_pb2, job_pb2

SERVE = (sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0", "--insecure")


@pytest.mark.parametrize("by_flag", [True, False])
def test_an_agent_offers_the_runtimes_that_its_owner_names_and_refuses_others(
    by_flag: bool, start_agent: StartAgent
) -> None:
    flags, variables = (("--runtime=onnxruntime",), {}) if by_flag else ((), {"RUNTIMES": "onnxruntime"})
    agent = start_agent(command=(*SERVE, *flags), **variables)
    device = agent.stub.GetDevice(device_agent_pb2.GetDeviceRequest(), timeout=60).device
    assert [(item.name, item.HasField("unavailable_reason")) for item in device.runtimes] == [("onnxruntime", False)]
    agent.upload()
    setting = job_pb2.Setting(runtime="ncnn", thread_count=1, batch_size=1)
    spec = job_pb2.JobSpec(model_sha256=MODEL_SHA256, setting=setting)
    with pytest.raises(grpc.RpcError) as refusal:
        agent.stub.CreateJob(device_agent_pb2.CreateJobRequest(job_id="other", spec=spec), timeout=20)
    assert "the device offers no runtime 'ncnn'; it offers: onnxruntime" in str(refusal.value)


def test_a_runtime_that_is_offered_and_not_installed_is_not_available_with_the_reason() -> None:
    nowhere, there = describe_runtimes(names=("onnxruntime", "nowhere"))
    assert (there.name, there.unavailable_reason) == ("onnxruntime", None)
    assert "no runtime is called 'nowhere'; this device knows: " in (nowhere.unavailable_reason or "")


def test_an_interpreter_for_a_runtime_that_is_not_offered_is_refused(tmp_path: Path) -> None:
    offered = AgentConfig(data_dir=tmp_path, runtimes="ncnn, tflite", runtime_pythons="tflite=/usr/bin/env")
    assert offered.runtime_names == ("ncnn", "tflite")
    with pytest.raises(ConfigError, match=r"names 'tflite', which is not among .* \(ncnn\): add `--runtime tflite`"):
        AgentConfig(data_dir=tmp_path, runtimes="ncnn", runtime_pythons="tflite=/usr/bin/env")


@pytest.mark.parametrize("name", ["a b", "tflite=/usr/bin/env", "../x"])
def test_what_is_no_name_of_a_runtime_is_refused_at_the_start(name: str, tmp_path: Path) -> None:
    command = (*SERVE, "--data-dir", str(tmp_path), "--runtime", name)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"runtimes must hold names such as onnxruntime,litert, got {name!r}" in done.stderr


def test_without_a_setting_all_that_are_installed_are_offered(tmp_path: Path) -> None:
    assert read_config({"data_dir": tmp_path}, {}).runtime_names == ()
    assert read_config({}, {"EDGEPROF_AGENT_RUNTIMES": "", "HOME": os.fspath(tmp_path)}).runtime_names == ()


def test_a_service_and_the_doctor_are_told_what_is_offered(tmp_path: Path) -> None:
    config = AgentConfig(data_dir=tmp_path, runtimes="ncnn,litert")
    unit = unit_text(config, {"EDGEPROF_AGENT_RUNTIMES": "ncnn,litert"}, is_system=True)
    assert " --runtime=ncnn --runtime=litert\n" in unit and "Environment=" not in unit
    assert {"--runtime=ncnn", "--runtime=litert"} <= set(Diagnoser(config, tmp_path, QuietWindow())._command)


def test_the_doctor_says_that_the_owner_has_left_the_other_runtimes_out() -> None:
    found = check_runtimes((RuntimeInfo(name="ncnn", unavailable_reason="no module"),), offered=("ncnn",))
    assert found.level == "trouble" and "the agent offers only ncnn: add `--runtime NAME`" in found.remedy
