import contextlib
import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import grpc
import pytest

from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.v1 import device_agent_pb2, device_agent_pb2_grpc, job_pb2

SCRIPT = Path(__file__).with_name("scripted.py")
MODEL = b"a model" * 1000
MODEL_SHA256 = hashlib.sha256(MODEL).hexdigest()


@dataclasses.dataclass
class Agent:
    """An agent in a process of its own, and a connection to it."""

    process: "subprocess.Popen[str]"
    address: str
    channel: grpc.Channel

    @property
    def stub(self) -> device_agent_pb2_grpc.DeviceAgentServiceStub:
        return device_agent_pb2_grpc.DeviceAgentServiceStub(self.channel)

    def upload(self, model: bytes = MODEL, *, sha256: str | None = None, offset_bytes: int = 0, size: int = 0) -> int:
        header = device_agent_pb2.UploadModelHeader(
            model_sha256=sha256 or hashlib.sha256(model).hexdigest(),
            size_bytes=size or len(model),
            offset_bytes=offset_bytes,
        )
        chunks = [model[start : start + 1000] for start in range(offset_bytes, len(model), 1000)]
        parts = [device_agent_pb2.UploadModelRequest(chunk=chunk) for chunk in chunks]
        first = device_agent_pb2.UploadModelRequest(header=header)
        return self.stub.UploadModel(iter([first, *parts]), timeout=20).received_bytes

    def create_job(self, job_id: str, act: str = "measure", **fields: str) -> job_pb2.Job:
        setting = {"runtime": "scripted", "options": {"act": act}, **fields}
        spec = job_pb2.JobSpec(
            model_sha256=MODEL_SHA256, setting=job_pb2.Setting(thread_count=1, batch_size=1, **setting)
        )
        request = device_agent_pb2.CreateJobRequest(job_id=job_id, spec=spec)
        return self.stub.CreateJob(request, timeout=20).job

    def get_job(self, job_id: str) -> job_pb2.Job:
        return self.stub.GetJob(device_agent_pb2.GetJobRequest(job_id=job_id), timeout=20).job

    def cancel_job(self, job_id: str) -> job_pb2.Job:
        return self.stub.CancelJob(device_agent_pb2.CancelJobRequest(job_id=job_id), timeout=20).job

    def watch_job(self, job_id: str, *, from_sequence: int = 0) -> Iterator[job_pb2.JobEvent]:
        request = device_agent_pb2.WatchJobRequest(job_id=job_id, from_sequence=from_sequence)
        return (response.event for response in self.stub.WatchJob(request, timeout=30))

    def wait_for_block(self, job_id: str) -> None:
        next(event for event in self.watch_job(job_id) if event.HasField("block"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)


class StartAgent(Protocol):
    def __call__(self, *, command: Sequence[str] = ..., **variables: str) -> Agent: ...


@pytest.fixture
def model() -> bytes:
    return MODEL


@pytest.fixture
def scripted_commands() -> dict[str, tuple[str, ...]]:
    return {act: (sys.executable, str(SCRIPT), act) for act in ("work", "describe", "serve")}


@pytest.fixture
def job_spec() -> JobSpec:
    return JobSpec(model_sha256=MODEL_SHA256, setting=Setting(runtime="scripted"))


@pytest.fixture
def start_agent(tmp_path: Path) -> Iterator[StartAgent]:
    """Starts agents over one data folder with the scripted worker; `EDGEPROF_AGENT_*` variables without the prefix."""
    with contextlib.ExitStack() as stack:

        def start(*, command: Sequence[str] = (sys.executable, str(SCRIPT), "serve"), **variables: str) -> Agent:
            settings = {"DATA_DIR": str(tmp_path / "agent"), "DISK_RESERVE_BYTES": "0", **variables}
            environment = {**os.environ, **{f"EDGEPROF_AGENT_{name}": value for name, value in settings.items()}}
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            stack.callback(_end, process)
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            # A channel of an address that an earlier agent had would wait before it tries again.
            channel = stack.enter_context(
                grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
            )
            return Agent(process, address, channel)

        yield start


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.wait(timeout=10)
    assert process.stdout is not None
    process.stdout.close()
