"""Processes that end without a word, in each state of a job."""

import os
import signal

import pytest
from faults.conftest import Bench, acting, host_process, until, worker_pid
from faults.rows import fault

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import DeviceBusyError, WorkerFailedError
from edgeprof.measuring.collection import collect_results
from edgeprof_proto.records.job import JobEvent, JobPhase, JobState, Progress
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.v1 import job_pb2

LOADING = Progress(phase=JobPhase.LOADING, attempt=1)
WARMED_UP = LatencyBlock(is_warmup=True, start_ms=0.0, latency_ms=(9.0, 1.0))
TIMED = LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(1.0, 2.0))

STATES = [
    pytest.param("hang_loading", LOADING, id="loading"),
    pytest.param("hang", WARMED_UP, id="warming up"),
    pytest.param("hang_measuring", TIMED, id="measuring"),
]


@fault(
    fault="kill -9 of the worker while it loads, warms up or measures",
    sees="The job fails with WORKER_CRASHED and the signal's name; the next job runs.",
    kept="The blocks sent before stay readable among the job's events and are part of no result.",
)
@pytest.mark.parametrize(("act", "reached"), STATES)
def test_killed_worker_fails_its_own_job_alone(bench: Bench, act: str, reached: object) -> None:
    agent = bench.start_agent()
    seen: list[JobEvent] = []

    def kill(event: JobEvent) -> None:
        seen.append(event)
        if event.event == reached:
            os.kill(worker_pid(bench.agent_dir), signal.SIGKILL)

    with DeviceClient(agent.address) as client:
        with pytest.raises(WorkerFailedError, match="SIGKILL"):
            bench.measure(client, "a", act, on_event=kill)
        assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
        assert bench.store.measurement("a") is None
        bench.measure(client, "b")
    bench.assert_counted_once(agent, "b")


@fault(
    fault="kill -9 of the agent while the job loads, warms up or measures",
    sees="The host waits until the agent is back; the job is measured anew, as its second attempt.",
    kept="The blocks of the first attempt stay among the events; the result holds only those of the second.",
)
@pytest.mark.parametrize(("act", "reached"), STATES)
def test_job_outlives_its_killed_agent(bench: Bench, act: str, reached: object) -> None:
    agents = [bench.start_agent()]
    seen: list[JobEvent] = []

    def kill(event: JobEvent) -> None:
        seen.append(event)
        if event.event == reached and len(agents) == 1:
            agents[0].kill()
            agents.append(bench.restart(agents[0]))

    with DeviceClient(agents[0].address) as client:
        bench.measure(client, "a", f"{act}_once", on_event=kill)
    # The last state comes after the result, with which the call is over.
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
    bench.assert_counted_once(agents[1], "a", attempt_count=2)


@fault(
    fault="kill -9 of the agent while jobs are queued",
    sees="The jobs keep their places; the host that watches waits until the agent is back.",
    kept="Every queued job, in order, each measured once.",
)
def test_queued_jobs_outlive_a_killed_agent_in_order(bench: Bench) -> None:
    agent = bench.start_agent()
    agent.upload()
    agent.create_job("first", "hang_once")
    agent.wait_for_block("first")
    for job_id in "bac":
        agent.create_job(job_id)
    agent.kill()
    agent = bench.restart(agent)
    with DeviceClient(agent.address) as client:
        for job_id in ("first", *"bac"):
            bench.measure(client, job_id, "hang_once" if job_id == "first" else "measure")
    for job_id in "bac":
        bench.assert_counted_once(agent, job_id)
    ends = [agent.get_job(job_id).end_time.ToNanoseconds() for job_id in ("first", *"bac")]
    assert ends == sorted(ends)


@fault(
    fault="kill -9 of the agent after a job ended and before its host acknowledged it",
    sees="Nothing: the host's next call gets the result, or acknowledges it.",
    kept="The result; it is not measured again.",
)
@pytest.mark.parametrize("is_stored", [False, True], ids=["not read", "read"])
def test_result_outlives_a_killed_agent_until_it_is_acknowledged(bench: Bench, is_stored: bool) -> None:
    agent = bench.start_agent()
    with DeviceClient(agent.address) as client:
        client.upload_model(bench.model)
        if is_stored:
            bench.measure(client, "a")
        else:
            agent.create_job("a")
            list(agent.watch_job("a"))
        agent.kill()
        agent = bench.restart(agent)
        if not is_stored:
            bench.measure(client, "a")
        client.acknowledge(("a",))
        client.acknowledge(("a",))
    assert agent.get_job("a").HasField("acknowledge_time")
    bench.assert_counted_once(agent, "a")


@fault(
    fault="kill -9 of the host while its job is queued, loads, warms up or measures, before it has written the result "
    "down, or before it has acknowledged it",
    sees="The device goes on. An onboarding or a verification started again gets the result of the same job; the next "
    "benchmark brings what earlier ones had left on the device into the store.",
    kept="The result, on the device until it is acknowledged; in the store once.",
)
@pytest.mark.parametrize("step", ["queued", "loading", "warming_up", "measuring", "measured", "stored"])
def test_job_outlives_its_killed_host(bench: Bench, step: str) -> None:
    agent = bench.start_agent()
    with host_process(agent, "a", "measure", bench.model, step) as host:
        host.kill()
        host.wait(20)
    assert list(agent.watch_job("a"))[-1].state == job_pb2.JOB_STATE_SUCCEEDED
    assert not agent.get_job("a").HasField("acknowledge_time")
    with DeviceClient(agent.address, host_name="other-host") as client:
        assert collect_results(client, client.device(), bench.store) == 0
    with DeviceClient(agent.address, host_name="killed-host") as client:
        assert collect_results(client, client.device(), bench.store) == (step != "stored")
        assert collect_results(client, client.device(), bench.store) == 0
        assert client.measure(bench.model, acting("measure"), job_id="a") == bench.store.measurement("a")
    bench.assert_counted_once(agent, "a")
    assert agent.get_job("a").HasField("acknowledge_time")


@fault(
    fault="kill -9 of a host that has many jobs queued",
    sees="Other hosts: after its lease their jobs run before those of the killed one; in a full queue they take the "
    "place of one that never began.",
    kept="Its jobs, behind all others; one that lost its place is asked for again by the same command.",
)
def test_killed_host_blocks_nobody(bench: Bench) -> None:
    agent = bench.start_agent(LEASE_DURATION_S="0.5", QUEUED_JOB_COUNT="2")
    with host_process(agent, "running", "hang_loading", bench.model, "loading") as host:
        with DeviceClient(agent.address, host_name="killed-host") as client:
            sha256 = client.upload_model(bench.model)
            for job_id in ("a", "b"):
                client.create_job(job_id, JobSpec(model_sha256=sha256, setting=acting("measure")))
        host.kill()
        host.wait(20)
    with DeviceClient(agent.address, host_name="other-host") as client:
        until(lambda: _is_created(client, "mine", sha256))
        assert client.job("mine").queue_position == 1
        assert client.job("a").queue_position == 2
        client.cancel_job("running")
        bench.measure(client, "mine")
    bench.assert_counted_once(agent, "mine")
    with DeviceClient(agent.address, host_name="killed-host") as client:
        for job_id in ("a", "b"):
            bench.measure(client, job_id)
            bench.assert_counted_once(agent, job_id)


def _is_created(client: DeviceClient, job_id: str, sha256: str) -> bool:
    try:
        return client.create_job(job_id, JobSpec(model_sha256=sha256, setting=acting("measure"))).state in JobState
    except DeviceBusyError:
        return False
