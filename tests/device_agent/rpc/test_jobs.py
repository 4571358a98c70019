import sqlite3
import threading
from contextlib import closing

import pytest
from device_agent.rpc.answers import reason_of, states
from google.protobuf.message import Message

from edgeprof_agent.jobs.journal import BLOCKS_BYTES_LIMIT
from edgeprof_proto.v1 import device_agent_pb2, job_pb2


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
    request = device_agent_pb2.GetJobRequest(job_id="a", omit_blocks=True)
    assert agent.create_job("a") == agent.stub.GetJob(request).job
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


def test_runs_are_sent_once_to_a_host_that_asks_for_it_and_twice_to_an_earlier_one(start_agent) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a")
    events = list(agent.watch_job("a"))
    request = device_agent_pb2.WatchJobRequest(job_id="a", omit_blocks=True)
    without = [response.event for response in agent.stub.WatchJob(request, timeout=30)]
    assert len(without[-2].measurement.blocks) == 0
    assert [event.block for event in without] == [event.block for event in events]
    blocks = [event.block for event in events if event.HasField("block")]
    without[-2].measurement.blocks.extend(blocks)
    assert without == events
    omitting = device_agent_pb2.GetJobRequest(job_id="a", omit_blocks=True)
    assert len(agent.stub.GetJob(omitting).job.measurement.blocks) == 0
    assert list(agent.get_job("a").measurement.blocks) == blocks


def test_a_result_too_long_for_one_message_is_refused_in_a_sentence_to_an_earlier_host_alone(
    start_agent, tmp_path
) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("a")
    list(agent.watch_job("a"))
    with closing(sqlite3.connect(tmp_path / "agent" / "journal.sqlite3")) as journal, journal:
        spaces = " " * BLOCKS_BYTES_LIMIT
        journal.execute("UPDATE events SET body = body || ? WHERE kind = 'block'", (spaces,))
    reason, text = reason_of(lambda: agent.get_job("a"))
    assert reason == "INVALID_REQUEST" and "update edgeprof on the host" in text
    assert agent.stub.GetJob(device_agent_pb2.GetJobRequest(job_id="a", omit_blocks=True)).job.measurement.load_ms > 0
