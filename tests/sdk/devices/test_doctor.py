import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2_grpc

from edgeprof.devices import doctor
from edgeprof.devices.doctor import diagnose
from edgeprof.testing import SimulatedDevice
from edgeprof_proto import CONTRACT_REVISION, REASON_METADATA_KEY
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.v1 import device_agent_pb2, device_agent_pb2_grpc, device_pb2, job_pb2


class ScriptedAgent(device_agent_pb2_grpc.DeviceAgentServiceServicer):
    """An agent that answers as a test wants it to."""

    revision = CONTRACT_REVISION
    reason = ""
    clock_ahead_s = 0.0
    waiting_count = 0
    knows_diagnose = True
    checks = (device_pb2.Check(name="disk space", level=device_pb2.CHECK_LEVEL_GOOD, finding="much"),)

    def Handshake(self, request: Any, context: Any) -> device_agent_pb2.HandshakeResponse:
        if self.reason:
            context.set_trailing_metadata(((REASON_METADATA_KEY, self.reason),))
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "update edgeprof on the host")
        return device_agent_pb2.HandshakeResponse(agent_version="9", contract_revision=self.revision)

    def Diagnose(self, request: Any, context: Any) -> device_agent_pb2.DiagnoseResponse:
        if not self.knows_diagnose:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
        response = device_agent_pb2.DiagnoseResponse(checks=() if request.skips_checks else self.checks)
        response.device_time.FromNanoseconds(int((time.time() + self.clock_ahead_s) * 1e9))
        return response

    def ListJobs(self, request: Any, context: Any) -> device_agent_pb2.ListJobsResponse:
        job = job_pb2.Job(job_id="a", state=job_pb2.JOB_STATE_QUEUED)
        job.spec.model_sha256 = "0" * 64
        job.spec.setting.MergeFrom(job_pb2.Setting(runtime="r", thread_count=1, batch_size=1))
        job.spec.plan.SetInParent()
        return device_agent_pb2.ListJobsResponse(jobs=[job] * self.waiting_count)


@contextlib.contextmanager
def served(add: Callable[[grpc.Server], None]) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def diagnosis_of(**script: Any) -> dict[str, Check]:
    agent = type("Agent", (ScriptedAgent,), script)()
    with served(
        lambda server: device_agent_pb2_grpc.add_DeviceAgentServiceServicer_to_server(agent, server)
    ) as address:
        return {check.name: check for check in diagnose(address)}


def test_everything_in_order_is_good_and_the_device_has_its_say() -> None:
    checks = diagnosis_of()
    assert list(checks) == [
        *("name", "port", "agent", "round trip", "upload rate", "clock skew", "queue", "disk space")
    ]
    assert {check.level for check in checks.values()} == {CheckLevel.GOOD}


@pytest.mark.parametrize("address", ["", "board", "board:", ":7", "board:99999999", "no.such.host.invalid:7"])
def test_name_that_does_not_resolve(address: str) -> None:
    (check,) = diagnose(address)
    assert (check.name, check.level, bool(check.remedy)) == ("name", CheckLevel.TROUBLE, True)


def test_nothing_listens() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        check = diagnose(f"127.0.0.1:{other.getsockname()[1]}")[-1]
    assert (check.name, check.level) == ("port", CheckLevel.TROUBLE)
    assert "edgeprof-agent serve" in check.remedy


def test_a_device_that_swallows_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CONNECT_TIMEOUT_S", 0.2)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # Its backlog is full after these: the kernel drops what else arrives, as a firewall does.
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        check = diagnose(f"127.0.0.1:{listener.getsockname()[1]}")[-1]
    assert (check.name, check.level) == ("port", CheckLevel.TROUBLE)
    assert "firewall" in check.remedy


def test_what_listens_speaks_another_language() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, futures.ThreadPoolExecutor(1) as pool:

        def greet() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        pool.submit(greet)
        check = diagnose(f"127.0.0.1:{listener.getsockname()[1]}")[-1]
        listener.shutdown(socket.SHUT_RDWR)
    assert (check.name, check.level) == ("agent", CheckLevel.TROUBLE)
    assert "another program" in check.remedy


def test_another_grpc_server() -> None:
    with served(
        lambda server: health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    ) as address:
        check = diagnose(address)[-1]
    assert (check.name, "no edgeprof agent" in check.finding) == ("agent", True)


def test_agent_and_host_too_old() -> None:
    assert "on the device" in diagnosis_of(revision=0)["agent"].remedy
    assert "on this host" in diagnosis_of(reason="ERROR_REASON_HOST_TOO_OLD")["agent"].remedy


def test_a_refusal_that_this_host_does_not_know_is_told_in_the_agents_words() -> None:
    check = diagnosis_of(reason="ERROR_REASON_OF_TOMORROW")["agent"]
    assert (check.level, check.finding) == (CheckLevel.TROUBLE, "update edgeprof on the host")


def test_agent_that_cannot_look_at_itself() -> None:
    assert diagnosis_of(knows_diagnose=False)["agent version"].level is CheckLevel.WARNING


def test_slow_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SLOW_ROUND_TRIP_MS", 0.0)
    monkeypatch.setattr(doctor, "SLOW_UPLOAD_BYTES_PER_S", 1e15)
    checks = diagnosis_of()
    assert checks["round trip"].level is checks["upload rate"].level is CheckLevel.WARNING


@pytest.mark.parametrize(("clock_ahead_s", "words"), [(3600.0, "ahead of"), (-3600.0, "behind")])
def test_clock_skew(clock_ahead_s: float, words: str) -> None:
    check = diagnosis_of(clock_ahead_s=clock_ahead_s)["clock skew"]
    assert (check.level, words in check.finding) == (CheckLevel.WARNING, True)


def test_long_queue() -> None:
    check = diagnosis_of(waiting_count=30)["queue"]
    assert (check.level, "30 jobs" in check.finding) == (CheckLevel.WARNING, True)


def test_command_shows_a_real_device_and_tells_trouble_by_its_exit_status(simulated_device: SimulatedDevice) -> None:
    command = (sys.executable, "-m", "edgeprof", "doctor", simulated_device.address)
    as_json = subprocess.run((*command, "--json"), capture_output=True, text=True)
    checks = {check["name"]: check for check in json.loads(as_json.stdout)}
    assert {"queue", "runtimes", "journal", "memory"} <= set(checks)
    assert as_json.returncode == int("trouble" in {check["level"] for check in checks.values()})
    simulated_device.stop()
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.returncode == 1
    assert "edgeprof-agent serve" in shown.stdout
