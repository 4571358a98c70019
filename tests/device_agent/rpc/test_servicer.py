import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from device_agent.rpc.answers import reason_of

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import REASONS
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.rpc import servicer
from edgeprof_agent.server import running_agent
from edgeprof_proto import CONTRACT_REVISION, OLDEST_HOST_REVISION, REASON_METADATA_KEY
from edgeprof_proto.v1 import device_agent_pb2, device_agent_pb2_grpc, error_pb2


def test_handshake_names_both_revisions_and_accepts_a_newer_host(start_agent) -> None:
    agent = start_agent()
    for revision in (1, 99):
        answer = agent.stub.Handshake(device_agent_pb2.HandshakeRequest(contract_revision=revision))
        assert (answer.contract_revision, answer.oldest_host_revision) == (CONTRACT_REVISION, OLDEST_HOST_REVISION)
        assert len(answer.device_id) == 32


def test_handshake_of_a_host_without_revision_is_an_invalid_request(start_agent) -> None:
    agent = start_agent()
    reason, text = reason_of(lambda: agent.stub.Handshake(device_agent_pb2.HandshakeRequest()))
    assert (reason, text) == ("INVALID_REQUEST", "contract_revision must be >= 1, got 0")


def test_device_is_described_with_its_id_and_the_limits_of_the_agent(start_agent) -> None:
    agent = start_agent(QUEUED_JOB_COUNT="7")
    device = agent.stub.GetDevice(device_agent_pb2.GetDeviceRequest()).device
    assert [runtime.name for runtime in device.runtimes] == ["scripted", "absent"]
    assert device.limits.queued_job_count == 7
    assert device.device_id == agent.stub.Handshake(device_agent_pb2.HandshakeRequest(contract_revision=1)).device_id
    assert not device.HasField("memory_bytes")


def test_unknown_method_is_unimplemented(start_agent) -> None:
    agent = start_agent()
    call = agent.channel.unary_unary("/edgeprof_proto.v1.DeviceAgentService/Reboot")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def refusal_within_this_process(tmp_path: Path, call: Callable[[Any], Awaitable[object]]) -> tuple[str, str]:
    """Run an agent in this process, so that a test can change its parts, and return how it refuses a call."""

    async def run() -> tuple[str, str]:
        config = AgentConfig(data_dir=tmp_path, port=0)
        async with running_agent(config) as address, grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(device_agent_pb2_grpc.DeviceAgentServiceStub(channel))
        reason = dict(caught.value.trailing_metadata())[REASON_METADATA_KEY]
        return caught.value.code().name, str(reason).removeprefix("ERROR_REASON_")

    return asyncio.run(run())


def test_host_that_is_too_old_is_told_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(servicer, "OLDEST_HOST_REVISION", 2)
    request = device_agent_pb2.HandshakeRequest(contract_revision=1)
    refusal = refusal_within_this_process(tmp_path, lambda stub: stub.Handshake(request))
    assert refusal == ("FAILED_PRECONDITION", "HOST_TOO_OLD")


def test_bug_is_an_internal_error_and_in_the_log_with_its_trace(tmp_path, monkeypatch, caplog) -> None:
    def buggy(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(ModelStore, "received_bytes", buggy)
    request = device_agent_pb2.GetModelRequest(model_sha256="0" * 64)
    refusal = refusal_within_this_process(tmp_path, lambda stub: stub.GetModel(request))
    assert refusal == ("INTERNAL", "INTERNAL")
    assert "ZeroDivisionError: a bug" in caplog.text


def test_every_reason_of_an_error_is_in_the_contract_and_the_other_way_round() -> None:
    assert set(REASONS) == set(error_pb2.ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}
