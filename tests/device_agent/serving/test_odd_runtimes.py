"""Runtimes that misbehave in a real agent: each hurts its own job at most."""

import hashlib
import sys
from pathlib import Path

import grpc
import pytest
from device_agent.agent_process import MODEL_SHA256, Agent, StartAgent

from edgeprof_proto.v1 import device_agent_pb2, job_pb2

RUNTIME = """
import ctypes, json, os, signal, sys, time
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_proto.records.device import RuntimeInfo, RuntimeOption
from edgeprof_proto.records.measurement import OperatorTime

ACTS = ("print", "die", "raise", "exit", "operators", "derived")

class Model(LoadedModel):
    def run_once(self):
        time.sleep(0.001)
        if self.setting.options["act"] == "print":
            print(json.dumps({"event": "failure", "reason": "", "message": "printed"}), flush=True)
            os.write(2, b"\\xff\\x00 half a line")

    def time_operators(self):
        return [OperatorTime(name="c", type="Conv", time_ms=0.5, share=1.0, provider="cpu")]

class OddRuntime(Runtime):
    name = "odd"
    model_formats = ("mine",)

    def describe(self):
        print("a banner on stdout")
        option = RuntimeOption(name="act", values=ACTS)
        return RuntimeInfo(name="odd", version="1", providers=("cpu",), precisions=("float32",), options=(option,))

    def load(self, model_path, setting, *, input_seed):
        act = setting.options.get("act")
        if act == "die" or model_path.read_bytes().startswith(b"deadly"):
            ctypes.string_at(0)
        if act == "raise":
            raise SystemError("_ARRAY_API not found")
        if act == "exit":
            os._exit(0)
        derived = {"node_counts": {"cpu": 2}, "is_node_count_derived": True} if act == "derived" else {}
        return Model(setting=resolve_setting(setting, self.describe()), load_ms=1.0, **derived)

class SilentRuntime(Runtime):
    name = "silent"

    def describe(self):
        time.sleep(600)

    def load(self, model_path, setting, *, input_seed):
        raise AssertionError
"""


@pytest.fixture
def agent(tmp_path: Path, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    information = tmp_path / "packages" / "odd-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    entry_points = "[edgeprof.runtimes]\nodd = odd_runtime:OddRuntime\nsilent = odd_runtime:SilentRuntime\n"
    (information / "entry_points.txt").write_text(entry_points)
    (tmp_path / "packages" / "odd_runtime.py").write_text(RUNTIME)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    # Quick, for the runtime that hangs while it is described.
    (tmp_path / "packages" / "sitecustomize.py").write_text(
        "import sys\n"
        "if any('device.info' in part for part in sys.orig_argv):\n"
        "    import edgeprof_agent.runtimes.description as description\n"
        "    description.describe_runtimes.__kwdefaults__['duration_s'] = 4.0\n"
    )
    command = (sys.executable, "-m", "edgeprof_agent", "serve", "--listen=127.0.0.1:0", "--insecure")
    return start_agent(command=(*command, "--runtime=odd", "--runtime=silent"))


def run(agent: Agent, act: str, **fields: bool) -> job_pb2.Job:
    plan = job_pb2.MeasurementPlan(warmup_duration_ms=1, timed_duration_ms=1, timed_run_count=10)
    setting = job_pb2.Setting(runtime="odd", thread_count=1, batch_size=1, options={"act": act})
    spec = job_pb2.JobSpec(model_sha256=MODEL_SHA256, setting=setting, plan=plan, **fields)
    agent.stub.CreateJob(device_agent_pb2.CreateJobRequest(job_id=act, spec=spec), timeout=20)
    assert list(agent.watch_job(act))
    return agent.get_job(act)


def series(agent: Agent, job_id: str, *models: bytes) -> job_pb2.Job:
    first, *further = [hashlib.sha256(model).hexdigest() for model in models]
    spec = job_pb2.JobSpec(
        model_sha256=first,
        further_model_sha256s=further,
        kind=job_pb2.JOB_KIND_SERIES,
        setting=job_pb2.Setting(runtime="odd", thread_count=1, batch_size=1),
        plan=job_pb2.MeasurementPlan(warmup_duration_ms=1, timed_duration_ms=1, timed_run_count=10),
        wants_operators=True,
    )
    agent.stub.CreateJob(device_agent_pb2.CreateJobRequest(job_id=job_id, spec=spec), timeout=20)
    return agent.get_job(job_id)


def test_the_model_that_ends_the_worker_of_a_series_is_the_one_that_is_blamed(agent: Agent) -> None:
    models = (b"first" * 9, b"deadly" * 9, b"last" * 9)
    for model in models:
        agent.upload(model)
    for attempt in ("one", "two"):
        series(agent, attempt, *models)
        told = [event.model_result for event in agent.watch_job(attempt) if event.HasField("model_result")]
        # What came before is kept.
        assert [result.model_sha256 for result in told] == [hashlib.sha256(models[0]).hexdigest()]
        assert told[0].measurement.operators and told[0].measurement.node_counts[0].node_count == 1
        job = agent.get_job(attempt)
        assert job.state == job_pb2.JOB_STATE_FAILED and "SIGSEGV" in job.failure.message
    with pytest.raises(grpc.RpcError, match=hashlib.sha256(models[1]).hexdigest()):
        series(agent, "three", *models)
    series(agent, "four", models[0], models[2])
    assert len([event for event in agent.watch_job("four") if event.HasField("model_result")]) == 2
    assert agent.get_job("four").state == job_pb2.JOB_STATE_SUCCEEDED


def test_a_runtime_that_prints_hangs_or_dies_hurts_its_own_job_alone(agent: Agent) -> None:
    device = agent.stub.GetDevice(device_agent_pb2.GetDeviceRequest(), timeout=60).device
    runtimes = {item.name: item for item in device.runtimes}
    assert "took over 4 s" in runtimes["silent"].unavailable_reason
    assert (runtimes["odd"].version, list(runtimes["odd"].model_formats)) == ("1", ["mine"])
    agent.upload()
    assert run(agent, "print").state == job_pb2.JOB_STATE_SUCCEEDED
    for act, match in {"die": "signal SIGSEGV", "raise": "SystemError: _ARRAY_API", "exit": "ended"}.items():
        job = run(agent, act)
        assert job.state == job_pb2.JOB_STATE_FAILED and match in job.failure.message, job.failure
    derived = run(agent, "derived").measurement
    assert derived.is_node_count_derived and derived.node_counts[0].node_count == 2
    assert not derived.operators
    (operator,) = run(agent, "operators", wants_operators=True).measurement.operators
    assert (operator.name, operator.type, operator.time_ms, operator.provider) == ("c", "Conv", 0.5, "cpu")
