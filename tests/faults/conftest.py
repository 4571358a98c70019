import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from device_agent.agent_process import MODEL, SCRIPT, Agent, StartAgent
from device_agent.agent_process import start_agent as start_agent  # a fixture

from edgeprof.devices.client import DeviceClient
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_proto import wire
from edgeprof_proto.records.job import JobEvent, JobState
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

HOST = Path(__file__).with_name("host.py")
SERVE = (sys.executable, str(SCRIPT), "serve")
IN_NAMESPACE = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
"""Start of a command line that may mount what nobody else sees; it is gone with the process."""


def acting(act: str) -> Setting:
    return Setting(runtime="scripted", options={"act": act})


def until(condition: Callable[[], object]) -> None:
    """Wait for what another process does."""
    for _ in range(2_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within 20 s")


def worker_pid(agent_dir: Path) -> int:
    """Wait for the worker of an agent and return its pid."""
    until(lambda: any(path.read_text() for path in agent_dir.glob("scratch/*/worker.pid")))
    (path,) = agent_dir.glob("scratch/*/worker.pid")
    return int(path.read_text().split()[0])


@dataclasses.dataclass
class Bench:
    """A host in this process, its store, and the agents that it measures with."""

    model: Path
    agent_dir: Path
    store: Store
    start_agent: StartAgent

    def restart(self, agent: Agent) -> Agent:
        """Start an agent over the folder and at the address of one that has ended."""
        return self.start_agent(LISTEN=agent.address)

    def measure(
        self,
        client: DeviceClient,
        job_id: str,
        act: str = "measure",
        *,
        on_event: Callable[[JobEvent], None] | None = None,
    ) -> Measurement:
        """Measure, and write the result to the store as the verbs do."""
        measurement = client.measure(self.model, acting(act), job_id=job_id, on_event=on_event)
        self.store.record_measurement(
            job_id, Platform(device_id="d", device_name="d", setting=acting(act)), measurement
        )
        return measurement

    def assert_counted_once(self, agent: Agent, job_id: str, *, attempt_count: int = 1) -> None:
        """Check that the device's events, its result and the host's store tell the same samples, each once."""
        events = [wire.event_from_message(event) for event in agent.watch_job(job_id)]
        assert [event.sequence for event in events if event] == list(range(1, len(events) + 1))
        job = agent.get_job(job_id)
        assert job.attempt_count == attempt_count
        result = wire.from_message(Measurement, job.measurement)
        # The scripted worker tells its attempt in the first block.
        assert [block.latency_ms for block in result.blocks] == [(9.0, float(attempt_count)), (1.0, 2.0), (3.0,)]
        last_start = max(index for index, event in enumerate(events) if event and event.event is JobState.RUNNING)
        told = tuple(event.event for event in events[last_start:] if event and isinstance(event.event, LatencyBlock))
        assert told == result.blocks
        assert self.store.measurement(job_id) == result


@pytest.fixture
def bench(tmp_path: Path, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("EDGEPROF_STORE", str(tmp_path / "store.sqlite3"))
    (tmp_path / "model").write_bytes(MODEL)
    with Store() as store:
        yield Bench(tmp_path / "model", tmp_path / "agent", store, start_agent)


def go_on(host: "subprocess.Popen[str]") -> tuple[int, str]:
    """Let a host go on that waits at a step; return its exit status and what it complained of."""
    _, complaints = host.communicate("\n", timeout=20)
    return host.returncode, complaints


@contextlib.contextmanager
def host_process(
    agent: Agent, job_id: str, act: str, model: Path, stop_at: str, *, prefix: tuple[str, ...] = ()
) -> "Iterator[subprocess.Popen[str]]":
    """A host as a process that has reached the step `stop_at`."""
    command = (*prefix, sys.executable, str(HOST), agent.address, job_id, act, str(model), stop_at)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.strip() == stop_at:
                    break
            yield process
        finally:
            process.kill()
