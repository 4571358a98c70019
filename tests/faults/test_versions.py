"""Hosts that are older and newer than the agent."""

from concurrent import futures

import grpc
from faults.conftest import Bench, acting
from faults.rows import fault
from grpc_health.v1 import health, health_pb2_grpc

from edgeprof.devices.client import DeviceClient
from edgeprof_proto import wire
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.v1 import device_agent_pb2, job_pb2

UNKNOWN_FIELD = b"\xf2\x7f\x05newer"
"""Field 2046 of the wire format, which no message of this revision has."""


@fault(
    fault="A host older than the agent",
    sees="Nothing: it measures as before. All hosts that send no name count as one host.",
    kept="Its newest results, as many as the journal holds; it does not acknowledge results, so none is awaited.",
)
def test_older_host_is_served_and_never_fills_the_journal(bench: Bench) -> None:
    agent = bench.start_agent(FINISHED_JOB_COUNT="2")
    answer = agent.stub.Handshake(device_agent_pb2.HandshakeRequest(host_version="0.1", contract_revision=1))
    assert answer.oldest_host_revision == 1
    agent.upload()
    for job_id in "abcd":
        agent.create_job(job_id)
        events = list(agent.watch_job(job_id))
        assert events[-1].state == job_pb2.JOB_STATE_SUCCEEDED
    kept = {job.job_id for job in agent.stub.ListJobs(device_agent_pb2.ListJobsRequest()).jobs}
    assert "d" in kept and len(kept) <= 3  # the oldest is forgotten a moment after the last has ended


@fault(
    fault="A host newer than the agent, with fields and metadata that the agent does not know",
    sees="Nothing: the agent ignores what it does not know. A host that needs more says so at the first call.",
    kept="Everything.",
)
def test_newer_host_is_served_with_what_the_agent_knows(bench: Bench) -> None:
    agent = bench.start_agent()
    assert agent.stub.Handshake(device_agent_pb2.HandshakeRequest(contract_revision=99)).contract_revision < 99
    sha256 = _uploaded(bench, agent.address)
    spec = wire.to_message(JobSpec(model_sha256=sha256, setting=acting("measure")), job_pb2.JobSpec)
    request = device_agent_pb2.CreateJobRequest(job_id="a", spec=spec).SerializeToString() + UNKNOWN_FIELD
    create = agent.channel.unary_unary(
        "/edgeprof_proto.v1.DeviceAgentService/CreateJob",
        response_deserializer=device_agent_pb2.CreateJobResponse.FromString,
    )
    metadata = (("edgeprof-of-tomorrow", "x"), ("edgeprof-host-name", "newer-host"))
    assert create(request, metadata=metadata, timeout=20).job.host_name == "newer-host"
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
    bench.assert_counted_once(agent, "a")


def _uploaded(bench: Bench, address: str) -> str:
    with DeviceClient(address) as client:
        return client.upload_model(bench.model)


@fault(
    fault="An agent older than the host, which does not know acknowledgements",
    sees="Nothing.",
    kept="Its newest results, as many as it holds.",
)
def test_older_agent_needs_no_acknowledgement() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with DeviceClient(f"127.0.0.1:{port}") as client:
            client.acknowledge(("a",))
    finally:
        server.stop(None).wait()
