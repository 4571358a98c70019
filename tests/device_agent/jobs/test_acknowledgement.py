"""Several hosts on one agent: fair-share order, queue positions, and results that are kept until acknowledged."""

import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import DeviceBusyError, DeviceJournalFullError, InvalidRequestError
from edgeprof_agent.jobs.journal import open_journal
from edgeprof_agent.jobs.journal_database import MIGRATIONS
from edgeprof_proto.records.job import Job, JobState
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.v1 import device_agent_pb2


class Host(DeviceClient):
    """A host of a name, with the model on the device."""

    def __init__(self, address: str, host_name: str, model: Path) -> None:
        super().__init__(address, host_name=host_name)
        self._model_sha256 = self.upload_model(model)

    def ask(self, job_id: str, act: str = "measure") -> Job:
        setting = Setting(runtime="scripted", options={"act": act})
        return self.create_job(job_id, JobSpec(model_sha256=self._model_sha256, setting=setting))


@pytest.fixture
def model_path(tmp_path: Path, model: bytes) -> Path:
    (tmp_path / "model").write_bytes(model)
    return tmp_path / "model"


@pytest.fixture
def hosts(start_agent, model_path) -> Iterator[tuple[Host, Host]]:
    """Two hosts of an agent with room for six results, three queued jobs of each host and five in all."""
    agent = start_agent(FINISHED_JOB_COUNT="6", HOST_QUEUED_JOB_COUNT="3", QUEUED_JOB_COUNT="5")
    with Host(agent.address, "one", model_path) as one, Host(agent.address, "two", model_path) as two:
        yield one, two


def test_hosts_take_turns_and_see_their_places(hosts) -> None:
    one, two = hosts
    one.ask("running", "hang_loading")
    next(event for event in one.watch_job("running") if event.event is JobState.RUNNING)
    assert [one.ask(job_id).queue_position for job_id in ("a1", "a2")] == [1, 2]
    assert [two.ask(job_id).queue_position for job_id in ("b1", "b2")] == [1, 3]
    places = {job.job_id: job.queue_position for job in one.jobs()}
    assert places == {"running": None, "b1": 1, "a1": 2, "b2": 3, "a2": 4}
    assert {job.job_id: job.host_name for job in one.jobs()}["b1"] == "two"
    one.cancel_job("running")
    for job_id in places:
        list(one.watch_job(job_id))
    ends = {job_id: one.job(job_id).end_time for job_id in places}
    assert sorted(ends, key=lambda job_id: ends[job_id] or 0.0) == ["running", "b1", "a1", "b2", "a2"]


def test_places_are_bounded_for_each_host_and_in_all(hosts) -> None:
    one, two = hosts
    one.ask("running", "hang_loading")
    next(event for event in one.watch_job("running") if event.event is JobState.RUNNING)
    for number in range(3):
        one.ask(f"a{number}")
    with pytest.raises(DeviceBusyError, match="3 jobs of this host"):
        one.ask("a3")
    for number in range(2):
        two.ask(f"b{number}")
    with pytest.raises(DeviceBusyError, match="5 jobs wait"):
        two.ask("b2")


def test_results_stay_until_they_are_acknowledged_and_a_full_journal_is_said_beforehand(hosts, caplog) -> None:
    one, two = hosts
    for number in range(6):
        one.ask(f"a{number}")
        list(one.watch_job(f"a{number}"))
    assert "room for 0 more results of 6" in caplog.text
    with pytest.raises(DeviceJournalFullError, match="all 6 are taken by results that no host has acknowledged"):
        two.ask("b0")
    one.acknowledge(f"a{number}" for number in range(2))
    assert one.job("a0").acknowledge_time is not None
    for number in range(2):
        two.ask(f"b{number}")
        list(two.watch_job(f"b{number}"))
    with pytest.raises(DeviceJournalFullError):
        two.ask("b2")
    assert {job.job_id for job in two.jobs()} >= {"a2", "a3", "a4", "a5", "b0", "b1"}
    one.acknowledge(("a0", "a1", "never-heard-of"))


def test_job_that_has_not_ended_cannot_be_acknowledged(hosts) -> None:
    one, _ = hosts
    one.ask("done")
    list(one.watch_job("done"))
    one.ask("running", "hang")
    with pytest.raises(InvalidRequestError, match="'running' has not ended"):
        one.acknowledge(("done", "running"))
    assert one.job("done").acknowledge_time is None


@pytest.mark.parametrize("name", ["a b", "a" * 65, "../a"])
def test_host_name_in_a_wrong_form_is_an_invalid_request(start_agent, name) -> None:
    stub = start_agent().stub
    with pytest.raises(grpc.RpcError) as caught:
        stub.ListJobs(device_agent_pb2.ListJobsRequest(), metadata=(("edgeprof-host-name", name),), timeout=20)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_too_many_acknowledgements_in_one_call_are_an_invalid_request(start_agent) -> None:
    stub = start_agent().stub
    with pytest.raises(grpc.RpcError) as caught:
        stub.AcknowledgeJobs(device_agent_pb2.AcknowledgeJobsRequest(job_ids=["a"] * 1001), timeout=20)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_journal_of_the_first_schema_is_brought_to_the_newest(tmp_path: Path, job_spec: JobSpec) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite3") as old:
        old.executescript(MIGRATIONS[0])
        old.execute("PRAGMA user_version = 1")
        spec = json.dumps({"model_sha256": job_spec.model_sha256, "setting": {"runtime": "scripted"}})
        old.execute(
            "INSERT INTO jobs (job_id, model_sha256, spec, state, attempt_count, create_time)"
            " VALUES ('a', '', ?, 'queued', 0, 1.0)",
            (spec,),
        )
    old.close()
    with open_journal(tmp_path) as journal:
        assert journal.get_job("a") == dataclasses.replace(journal.get_job("a"), spec=job_spec, host_name="")
        assert [job.job_id for job in journal.waiting_jobs()] == ["a"]
        assert journal.kept_jobs.unacknowledged_count() == 0
