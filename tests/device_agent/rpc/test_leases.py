"""Every call of a host renews its lease."""

import time
from collections.abc import Callable

import pytest
from device_agent.agent_process import MODEL_SHA256, Agent

from edgeprof_proto.v1 import device_agent_pb2 as messages

CALLS: dict[str, Callable[[Agent], object]] = {
    "Handshake": lambda agent: agent.stub.Handshake(messages.HandshakeRequest(contract_revision=3), metadata=SECOND),
    "GetDevice": lambda agent: agent.stub.GetDevice(messages.GetDeviceRequest(), metadata=SECOND),
    "GetModel": lambda agent: agent.stub.GetModel(messages.GetModelRequest(model_sha256=MODEL_SHA256), metadata=SECOND),
    "Diagnose": lambda agent: agent.stub.Diagnose(messages.DiagnoseRequest(skips_checks=True), metadata=SECOND),
}
FIRST, SECOND = ((("edgeprof-host-name", name),) for name in ("first", "second"))


@pytest.mark.parametrize("call", CALLS)
def test_a_call_renews_the_lease_of_its_host(start_agent, call: str) -> None:
    agent = start_agent(LEASE_DURATION_S="2")
    agent.upload()
    agent.create_job("runs", "hang")
    agent.wait_for_block("runs")
    job = agent.get_job("runs")
    for job_id, metadata in (("first", FIRST), ("second", SECOND)):
        request = messages.CreateJobRequest(job_id=job_id, spec=job.spec)
        agent.stub.CreateJob(request, metadata=metadata)
    time.sleep(2.2)
    # Both are silent now; a call of one of them puts its job before the other's.
    CALLS[call](agent)
    assert agent.get_job("second").queue_position == 1
    assert agent.get_job("first").queue_position == 2
