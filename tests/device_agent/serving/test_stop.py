"""SIGTERM at any moment: the agent is gone within seconds, in order, and what it had is what the next one finds."""

import hashlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator

import grpc
import pytest

from edgeprof_proto.v1 import device_agent_pb2, job_pb2

STOP_LIMIT_S = 5.0
"""Half of what the unit gives it before systemd kills it; in fact it takes less than two."""


def stop_in_time(agent) -> None:
    start = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - start < STOP_LIMIT_S


def wait_for_phase(agent, job_id: str, phase: int, *, attempt: int = 1) -> None:
    wanted = (phase, attempt)
    next(event for event in agent.watch_job(job_id) if (event.progress.phase, event.progress.attempt) == wanted)


def require_whole(agent_dir) -> None:
    """The journal is whole, and nothing of the stopped agent's workers is left."""
    with sqlite3.connect(agent_dir / "journal.sqlite3") as database:
        assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
    database.close()
    assert not list((agent_dir / "scratch").iterdir())


@pytest.mark.parametrize(
    ("act", "phase"),
    [
        ("hang_loading", job_pb2.JOB_PHASE_LOADING),
        ("hang", job_pb2.JOB_PHASE_WARMING_UP),
        ("hang_measuring", job_pb2.JOB_PHASE_MEASURING),
        # Deaf to SIGTERM, as a runtime in a loop of its own may be.
        ("hang_deaf", job_pb2.JOB_PHASE_MEASURING),
    ],
)
def test_stop_while_a_job_is_in_each_phase_puts_it_back(start_agent, tmp_path, act, phase) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a", act)
    agent.create_job("b")
    wait_for_phase(agent, "a", phase)
    stop_in_time(agent)
    require_whole(tmp_path / "agent")
    agent = start_agent()
    wait_for_phase(agent, "a", phase, attempt=2)
    agent.cancel_job("a")
    assert [event for event in agent.watch_job("b") if event.HasField("measurement")]


def test_stop_while_hosts_watch_ends_their_calls_and_keeps_the_result(start_agent, tmp_path) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("done")
    assert [event for event in agent.watch_job("done") if event.HasField("measurement")]
    agent.create_job("a", "hang")
    watching = [agent.watch_job("a") for _ in range(5)]
    for events in watching:
        next(events)
    stop_in_time(agent)
    for events in watching:
        with pytest.raises(grpc.RpcError) as cut:
            list(events)
        assert cut.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    require_whole(tmp_path / "agent")
    assert start_agent().get_job("done").measurement.blocks


def test_stop_during_an_upload_keeps_what_arrived(start_agent, model) -> None:
    agent = start_agent()
    sha256 = hashlib.sha256(model).hexdigest()

    def parts() -> Iterator[device_agent_pb2.UploadModelRequest]:
        header = device_agent_pb2.UploadModelHeader(model_sha256=sha256, size_bytes=len(model))
        yield device_agent_pb2.UploadModelRequest(header=header)
        yield device_agent_pb2.UploadModelRequest(chunk=model[:4000])
        request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
        while agent.stub.GetModel(request, timeout=20).received_bytes < 4000:
            pass
        agent.process.send_signal(signal.SIGTERM)
        agent.process.wait(timeout=STOP_LIMIT_S)

    with pytest.raises(grpc.RpcError):
        agent.stub.UploadModel(parts(), timeout=20)
    assert agent.process.wait(timeout=STOP_LIMIT_S) == 0
    agent = start_agent()
    state = agent.stub.GetModel(device_agent_pb2.GetModelRequest(model_sha256=sha256), timeout=20)
    assert (state.received_bytes, state.is_complete) == (4000, False)
    assert agent.upload(offset_bytes=4000) == len(model)


@pytest.mark.parametrize("call", ["GetDevice", "CreateJob"])
def test_stop_while_the_device_is_being_described(start_agent, tmp_path, call) -> None:
    marker = tmp_path / "describing"
    agent = start_agent(SLOW_DESCRIPTION=str(marker))
    agent.upload()
    if call == "GetDevice":
        pending = agent.stub.GetDevice.future(device_agent_pb2.GetDeviceRequest(), timeout=20)
    else:
        spec = job_pb2.JobSpec(model_sha256="0" * 64, setting=job_pb2.Setting(runtime="scripted"))
        spec.setting.thread_count = spec.setting.batch_size = 1
        pending = agent.stub.CreateJob.future(device_agent_pb2.CreateJobRequest(job_id="a", spec=spec), timeout=20)
    while not marker.exists() or not marker.read_text():
        time.sleep(0.01)
    stop_in_time(agent)
    assert pending.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)
    require_whole(tmp_path / "agent")


def test_stop_in_the_first_moment_and_twice(start_agent, tmp_path) -> None:
    agent = start_agent()
    agent.process.send_signal(signal.SIGTERM)
    stop_in_time(agent)
    require_whole(tmp_path / "agent")
