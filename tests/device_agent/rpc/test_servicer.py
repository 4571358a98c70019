import asyncio
import hashlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import REASONS
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.rpc import servicer
from edgeprof_agent.server import running_agent
from edgeprof_proto import CONTRACT_REVISION, OLDEST_HOST_REVISION, REASON_METADATA_KEY
from edgeprof_proto.v1 import device_agent_pb2, device_agent_pb2_grpc, error_pb2, job_pb2


def reason_of(call: Callable[[], object]) -> tuple[str, str]:
    """Return the reason and the text with which a call is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    metadata = dict(caught.value.trailing_metadata())
    return metadata[REASON_METADATA_KEY].removeprefix("ERROR_REASON_"), caught.value.details()


def states(events: list[job_pb2.JobEvent]) -> list[str]:
    names = [job_pb2.JobState.Name(event.state) for event in events if event.HasField("state")]
    return [name.removeprefix("JOB_STATE_") for name in names]


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


def test_upload_is_kept_and_a_second_one_of_the_same_model_reads_nothing(start_agent, model) -> None:
    agent = start_agent()
    sha256 = hashlib.sha256(model).hexdigest()
    request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
    assert not agent.stub.GetModel(request).is_complete
    assert agent.upload() == len(model)
    assert agent.stub.GetModel(request) == device_agent_pb2.GetModelResponse(
        is_complete=True, received_bytes=len(model)
    )
    assert agent.upload(b"", sha256=sha256, size=len(model)) == len(model)


def test_upload_goes_on_at_the_byte_where_the_stream_was_cut(start_agent, model) -> None:
    agent = start_agent()
    sha256 = hashlib.sha256(model).hexdigest()
    has_arrived = threading.Event()

    def parts():
        header = device_agent_pb2.UploadModelHeader(model_sha256=sha256, size_bytes=len(model))
        yield device_agent_pb2.UploadModelRequest(header=header)
        yield device_agent_pb2.UploadModelRequest(chunk=model[:3000])
        has_arrived.wait(20)

    call = agent.stub.UploadModel.future(parts())
    request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
    while agent.stub.GetModel(request).received_bytes < 3000:
        pass
    call.cancel()
    has_arrived.set()
    reason, text = reason_of(lambda: agent.upload(offset_bytes=1000))
    assert reason == "UPLOAD_OFFSET" and "byte 3000" in text
    assert agent.upload(offset_bytes=3000) == len(model)


def test_two_uploads_of_one_model_at_once_leave_it_whole(start_agent, model) -> None:
    agent = start_agent()
    header = device_agent_pb2.UploadModelHeader(model_sha256=hashlib.sha256(model).hexdigest(), size_bytes=len(model))
    is_begun, may_end = threading.Event(), threading.Event()

    def parts():
        yield device_agent_pb2.UploadModelRequest(header=header)
        yield device_agent_pb2.UploadModelRequest(chunk=model[:3000])
        is_begun.set()
        may_end.wait(20)
        yield device_agent_pb2.UploadModelRequest(chunk=model[3000:])

    first = agent.stub.UploadModel.future(parts())
    is_begun.wait(20)
    request = device_agent_pb2.GetModelRequest(model_sha256=header.model_sha256)
    while not agent.stub.GetModel(request).received_bytes:
        pass
    second = agent.stub.UploadModel.future(iter([device_agent_pb2.UploadModelRequest(header=header)]))
    may_end.set()
    assert first.result(20).received_bytes == second.result(20).received_bytes == len(model)


def test_upload_of_other_bytes_than_announced_leaves_nothing(start_agent, model) -> None:
    agent = start_agent()
    reason, text = reason_of(lambda: agent.upload(sha256="0" * 64))
    assert reason == "MODEL_CORRUPT" and hashlib.sha256(model).hexdigest() in text
    assert agent.stub.GetModel(device_agent_pb2.GetModelRequest(model_sha256="0" * 64)).received_bytes == 0


def test_upload_that_ends_early_says_where_to_go_on(start_agent, model) -> None:
    agent = start_agent()
    reason, text = reason_of(lambda: agent.upload(size=len(model) + 1))
    assert reason == "UPLOAD_OFFSET" and f"byte {len(model)}" in text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MODEL_BYTES": "100"}, "MODEL_TOO_LARGE"),
        ({"MODEL_BYTES": "6999", "MODEL_CACHE_BYTES": "6999"}, "MODEL_TOO_LARGE"),
        ({"DISK_RESERVE_BYTES": str(2**60)}, "DISK_FULL"),
    ],
)
def test_upload_beyond_a_limit_is_refused(start_agent, variables, expected) -> None:
    reason, _ = reason_of(start_agent(**variables).upload)
    assert reason == expected


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [device_agent_pb2.UploadModelRequest(chunk=b"x")],
        [device_agent_pb2.UploadModelRequest(header=device_agent_pb2.UploadModelHeader(model_sha256="0" * 64))],
        [
            device_agent_pb2.UploadModelRequest(
                header=device_agent_pb2.UploadModelHeader(model_sha256="0" * 64, size_bytes=1)
            )
        ]
        * 2,
    ],
    ids=["no part", "no header", "no size", "two headers"],
)
def test_upload_in_a_wrong_form_is_an_invalid_request(start_agent, parts) -> None:
    agent = start_agent()
    reason, _ = reason_of(lambda: agent.stub.UploadModel(iter(parts)))
    assert reason == "INVALID_REQUEST"


def test_job_streams_its_events_and_keeps_its_result(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a")
    events = list(agent.watch_job("a"))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert states(events) == ["QUEUED", "RUNNING", "SUCCEEDED"]
    phases = [event.progress.phase for event in events if event.HasField("progress")]
    assert phases == [job_pb2.JOB_PHASE_LOADING, job_pb2.JOB_PHASE_WARMING_UP, job_pb2.JOB_PHASE_MEASURING]
    job = agent.get_job("a")
    assert job.measurement == events[-2].measurement
    assert [tuple(block.latency_ms) for block in job.measurement.blocks] == [(9.0, 1.0), (1.0, 2.0), (3.0,)]
    assert list(job.measurement.blocks) == [event.block for event in events if event.HasField("block")]
    assert job.measurement.plan.timed_run_count == 50
    assert job.measurement.verdict.kind == job_pb2.VERDICT_KIND_STABLE
    assert job.measurement.start_time.ToMilliseconds() == 1500
    assert job.end_time.ToMicroseconds() >= job.create_time.ToMicroseconds()


def test_watching_goes_on_at_any_event_also_after_the_end(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a")
    events = list(agent.watch_job("a"))
    for sequence in range(1, len(events) + 2):
        assert list(agent.watch_job("a", from_sequence=sequence)) == events[sequence - 1 :]


def test_creating_a_job_again_attaches_to_it_and_another_spec_conflicts(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a")
    events = list(agent.watch_job("a"))
    assert agent.create_job("a") == agent.get_job("a")
    assert list(agent.watch_job("a")) == events
    reason, _ = reason_of(lambda: agent.create_job("a", "refuse"))
    assert reason == "JOB_CONFLICT"


def test_jobs_are_listed_newest_first_page_by_page_without_results(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    for job_id in "abc":
        agent.create_job(job_id)
    list(agent.watch_job("c"))
    first = agent.stub.ListJobs(device_agent_pb2.ListJobsRequest(page_size=2))
    second = agent.stub.ListJobs(device_agent_pb2.ListJobsRequest(page_size=2, page_token=first.next_page_token))
    assert [job.job_id for job in (*first.jobs, *second.jobs)] == ["c", "b", "a"]
    assert second.next_page_token == ""
    assert not first.jobs[0].HasField("measurement")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"runtime": "unheard_of"}, "RUNTIME_NOT_FOUND"),
        ({"runtime": "absent"}, "RUNTIME_NOT_FOUND"),
        ({"runtime": ""}, "INVALID_REQUEST"),
        ({"provider": "other"}, "SETTING_NOT_SUPPORTED"),
        ({"precision": "int3"}, "SETTING_NOT_SUPPORTED"),
        ({"runtime_version": "2"}, "SETTING_NOT_SUPPORTED"),
        ({"act": "dance"}, "SETTING_NOT_SUPPORTED"),
    ],
)
def test_setting_that_the_device_lacks_is_refused_before_it_is_queued(start_agent, fields, expected) -> None:
    agent = start_agent()
    agent.upload()
    reason, _ = reason_of(lambda: agent.create_job("a", **fields))
    assert reason == expected
    assert reason_of(lambda: agent.get_job("a"))[0] == "JOB_NOT_FOUND"


def test_job_of_a_model_that_is_not_there_is_refused(start_agent) -> None:
    agent = start_agent()
    assert reason_of(lambda: agent.create_job("a"))[0] == "MODEL_NOT_FOUND"


@pytest.mark.parametrize("job_id", ["", "a b", "a" * 129, "../a", "a\n"])
def test_job_id_in_a_wrong_form_is_an_invalid_request(start_agent, job_id) -> None:
    agent = start_agent()
    agent.upload()
    for call in (agent.create_job, agent.get_job, agent.cancel_job, lambda job_id: list(agent.watch_job(job_id))):
        assert reason_of(lambda call=call: call(job_id))[0] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    "request_",
    [
        device_agent_pb2.ListJobsRequest(page_size=-1),
        device_agent_pb2.ListJobsRequest(page_size=1001),
        device_agent_pb2.ListJobsRequest(page_token="x"),
    ],
    ids=str,
)
def test_page_in_a_wrong_form_is_an_invalid_request(start_agent, request_: Message) -> None:
    agent = start_agent()
    assert reason_of(lambda: agent.stub.ListJobs(request_))[0] == "INVALID_REQUEST"


def test_queue_that_is_full_refuses_the_next_job(start_agent) -> None:
    agent = start_agent(QUEUED_JOB_COUNT="2")
    agent.upload()
    agent.create_job("running", "hang")
    agent.wait_for_block("running")
    assert [agent.create_job(job_id).queue_position for job_id in ("a", "b")] == [1, 2]
    assert reason_of(lambda: agent.create_job("c"))[0] == "QUEUE_FULL"
    assert agent.cancel_job("running").state == job_pb2.JOB_STATE_CANCELLED
    assert states(list(agent.watch_job("b")))[-1] == "SUCCEEDED"


def test_cancelled_jobs_end_with_that_reason_and_the_next_one_runs(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("running", "hang")
    agent.create_job("queued")
    agent.create_job("next")
    agent.wait_for_block("running")
    for job_id in ("queued", "running"):
        job = agent.cancel_job(job_id)
        assert job.failure.reason == agent.get_job(job_id).failure.reason
        events = list(agent.watch_job(job_id))
        assert states(events)[-1] == "CANCELLED"
        assert events[-2].HasField("failure")
    assert states(list(agent.watch_job("next")))[-1] == "SUCCEEDED"
    assert agent.cancel_job("next").state == job_pb2.JOB_STATE_SUCCEEDED


def test_many_watch_one_job_and_see_the_same(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("first", "hang")
    agent.create_job("a")
    seen: list[list[job_pb2.JobEvent]] = []
    threads = [threading.Thread(target=lambda: seen.append(list(agent.watch_job("a")))) for _ in range(5)]
    for thread in threads:
        thread.start()
    agent.cancel_job("first")
    for thread in threads:
        thread.join(20)
    assert len(seen) == 5
    assert all(events == seen[0] and states(events)[-1] == "SUCCEEDED" for events in seen)


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
