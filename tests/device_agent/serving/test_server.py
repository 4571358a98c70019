import hashlib
import os
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from edgeprof_proto.v1 import device_agent_pb2, error_pb2, job_pb2
from edgeprof_proto.version import VERSION

AGENT = (sys.executable, "-m", "edgeprof_agent", "serve")


def run_to_its_end(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run an agent that is expected to refuse, and return what it said."""
    environment = {**os.environ, **variables}
    return subprocess.run((*AGENT, *arguments), capture_output=True, text=True, timeout=20, env=environment)


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def worker_pids(agent_dir: Path) -> list[int]:
    return [int(path.read_text().split()[0]) for path in agent_dir.glob("scratch/*/worker.pid")]


def test_version_is_the_one_of_the_package() -> None:
    assert metadata.version("edgeprof") == VERSION


def test_ready_agent_says_so_in_one_line_and_is_healthy(start_agent) -> None:
    agent = start_agent(command=(*AGENT, "--listen", "127.0.0.1:0"))
    answer = health_pb2_grpc.HealthStub(agent.channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert agent.stop() == 0


def test_second_agent_on_the_same_port_is_refused_in_one_sentence(start_agent, tmp_path) -> None:
    agent = start_agent()
    refused = run_to_its_end("--listen", agent.address, "--data-dir", str(tmp_path / "other"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"edgeprof-agent: cannot listen on {agent.address}")
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_port_of_another_program_is_refused_in_one_sentence(tmp_path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        refused = run_to_its_end("--listen", address, "--data-dir", str(tmp_path))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert address in refused.stderr


def test_second_agent_over_the_same_data_folder_is_refused_in_one_sentence(start_agent, tmp_path) -> None:
    start_agent()
    refused = run_to_its_end("--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "agent"))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "another agent uses the data folder" in refused.stderr


@pytest.mark.parametrize("folder", ["file/below", "/proc/edgeprof"])
def test_data_folder_that_cannot_be_written_is_refused_in_one_sentence(tmp_path, folder) -> None:
    (tmp_path / "file").touch()
    refused = run_to_its_end("--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / folder))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "cannot be written" in refused.stderr


def test_damaged_journal_is_refused_in_one_sentence(tmp_path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"no database at all" * 100)
    refused = run_to_its_end("--listen", "127.0.0.1:0", "--data-dir", str(tmp_path))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert str(tmp_path / "journal.sqlite3") in refused.stderr


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "example:1"])
@pytest.mark.parametrize("flags", [(), ("--insecure",)], ids=["no identity", "insecure"])
def test_address_beyond_loopback_is_refused_in_one_sentence(tmp_path, address, flags) -> None:
    refused = run_to_its_end("--listen", address, "--data-dir", str(tmp_path), *flags)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "loopback" in refused.stderr


@pytest.mark.parametrize("arguments", [("--listen", "127.0.0.1"), ("--listen", "127.0.0.1:x"), ("--port", "1")])
def test_command_line_in_a_wrong_form_is_a_usage_error(arguments) -> None:
    assert run_to_its_end(*arguments).returncode == 2


def test_variable_in_a_wrong_form_is_refused_in_one_sentence() -> None:
    refused = run_to_its_end(EDGEPROF_AGENT_JOB_DURATION_S="long")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "EDGEPROF_AGENT_JOB_DURATION_S" in refused.stderr


def test_stopped_agent_ends_its_worker_and_the_next_one_measures_the_job(start_agent, tmp_path) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a", "hang_once")
    agent.create_job("b")
    agent.wait_for_block("a")
    (worker,) = worker_pids(tmp_path / "agent")
    assert agent.stop() == 0
    assert not is_alive(worker)
    agent = start_agent()
    assert [event.sequence for event in agent.watch_job("a")] == list(range(1, 16))
    job = agent.get_job("a")
    assert (job.state, job.attempt_count) == (job_pb2.JOB_STATE_SUCCEEDED, 2)
    # The scripted worker tells its attempt in the first block: the one that was cut short does not count.
    assert [tuple(block.latency_ms) for block in job.measurement.blocks] == [(9.0, 2.0), (1.0, 2.0), (3.0,)]
    assert [event for event in agent.watch_job("b") if event.HasField("measurement")]


def test_killed_agent_leaves_its_jobs_in_order_and_no_worker(start_agent, tmp_path) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a", "hang")
    for job_id in ("b", "c"):
        agent.create_job(job_id)
    for attempt in (1, 2, 3):
        # The scripted worker tells its attempt in the block.
        next(event for event in agent.watch_job("a") if list(event.block.latency_ms) == [9.0, attempt])
        (worker,) = worker_pids(tmp_path / "agent")
        agent.kill()
        agent = start_agent()
        assert not is_alive(worker)
    events = list(agent.watch_job("a"))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[-2].failure.reason == error_pb2.ERROR_REASON_INTERRUPTED
    assert agent.get_job("a").attempt_count == 3
    ends = []
    for job_id in ("b", "c"):
        list(agent.watch_job(job_id))
        ends.append(agent.get_job(job_id).end_time.ToNanoseconds())
    assert ends == sorted(ends)


def test_device_keeps_its_id_and_models_over_a_restart(start_agent) -> None:
    def read_device_id(agent) -> str:
        return agent.stub.Handshake(device_agent_pb2.HandshakeRequest(contract_revision=1)).device_id

    agent = start_agent()
    device_id = read_device_id(agent)
    agent.upload()
    agent.kill()
    agent = start_agent()
    assert read_device_id(agent) == device_id
    agent.create_job("a")


def test_watching_host_whose_agent_stops_is_told_and_goes_on_with_the_next(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a", "hang_once")
    seen = []
    with pytest.raises(grpc.RpcError) as caught:
        for event in agent.watch_job("a"):
            seen.append(event)
            if event.HasField("block"):
                agent.process.terminate()
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    assert agent.process.wait(timeout=10) == 0
    agent = start_agent()
    seen.extend(agent.watch_job("a", from_sequence=seen[-1].sequence + 1))
    assert seen == list(agent.watch_job("a"))


def test_server_process_maps_neither_numpy_nor_a_runtime_nor_openssl(start_agent) -> None:
    agent = start_agent(command=(*AGENT, "--listen", "127.0.0.1:0"))
    agent.upload()
    agent.stub.GetDevice(device_agent_pb2.GetDeviceRequest(), timeout=60)
    libraries = Path(f"/proc/{agent.process.pid}/maps").read_text()
    assert "cygrpc" in libraries
    assert not [name for name in ("numpy", "onnxruntime", "psutil", "libcrypto", "libssl") if name in libraries]


def test_model_is_measured_by_onnx_runtime_through_the_installed_agent(start_agent, write_model, tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    model = write_model(tmp_path / "model.onnx").read_bytes()
    agent = start_agent(command=(*AGENT, "--listen", "127.0.0.1:0"))
    agent.upload(model)
    spec = job_pb2.JobSpec(
        model_sha256=hashlib.sha256(model).hexdigest(),
        setting=job_pb2.Setting(runtime="onnxruntime", thread_count=1, batch_size=2),
        plan=job_pb2.MeasurementPlan(
            warmup_run_count=2, warmup_duration_ms=1, timed_run_count=10, timed_duration_ms=1, max_duration_ms=100
        ),
    )
    agent.stub.CreateJob(device_agent_pb2.CreateJobRequest(job_id="a", spec=spec), timeout=60)
    events = list(agent.watch_job("a"))
    assert events[-1].state == job_pb2.JOB_STATE_SUCCEEDED
    measurement = agent.get_job("a").measurement
    assert measurement.setting.provider == "CPUExecutionProvider"
    assert sum(len(block.latency_ms) for block in measurement.blocks if not block.is_warmup) >= 10
    assert list(measurement.blocks) == [event.block for event in events if event.HasField("block")]


def test_model_is_released_on_the_device_while_the_agent_runs(start_agent, tmp_path) -> None:
    agent = start_agent()
    agent.upload()
    for job_id in ("a", "b"):
        agent.create_job(job_id, "crash")
        list(agent.watch_job(job_id))
    with pytest.raises(grpc.RpcError) as refused:
        agent.create_job("c", "crash")
    assert ("edgeprof-reason", "ERROR_REASON_MODEL_QUARANTINED") in refused.value.trailing_metadata()
    sha256 = agent.get_job("a").spec.model_sha256
    command = [sys.executable, "-m", "edgeprof_agent", "release", sha256, "--data-dir", str(tmp_path / "agent")]
    assert [subprocess.run(command, stdout=subprocess.DEVNULL).returncode for _ in range(2)] == [0, 1]
    agent.create_job("c", "crash")
