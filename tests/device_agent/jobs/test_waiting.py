"""Who waits sees for whom, and how long."""

from device_agent.jobs.test_job_queue import RunScenario, acting
from device_agent.jobs.test_job_queue import run_scenario as run_scenario  # a fixture

from edgeprof.cli.progress import waiting_text
from edgeprof_agent.jobs.job_queue import JobQueue
from edgeprof_agent.jobs.job_runner import estimate_remaining_s
from edgeprof_agent.jobs.journal import Journal
from edgeprof_proto.records.job import JobState
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan


def test_a_waiting_job_tells_whose_job_runs_and_how_long_that_may_take(
    run_scenario: RunScenario, job_spec: JobSpec
) -> None:
    async def scenario(queue: JobQueue, journal: Journal) -> None:
        await queue.create_job("running", acting(job_spec, "hang"), host_name="desk")
        async for event in queue.watch_job("running", from_sequence=1):
            if event.event is JobState.RUNNING:
                break
        waiting = await queue.create_job("waiting", job_spec, host_name="laptop")
        assert (waiting.queue_position, waiting.running_host_name) == (1, "desk")
        assert waiting.running_remaining_s is not None and waiting.running_remaining_s > 0
        assert "is of 'desk' and needs about" in waiting_text(waiting)
        running = queue.get_job("running")
        assert running.running_host_name == "" and running.running_remaining_s is None
        queue.cancel_job("running")

    run_scenario(scenario)


def test_the_time_left_is_what_the_plan_asks_for_then_what_it_allows() -> None:
    plan = MeasurementPlan(warmup_duration_ms=1_000, timed_duration_ms=4_000, max_duration_ms=60_000)
    assert estimate_remaining_s(plan, 2.0) == 3.0
    assert estimate_remaining_s(plan, 5.0) == 55.0
    assert estimate_remaining_s(plan, 100.0) == 0.0
    wanted = MeasurementPlan(target_half_width=0.05, max_duration_ms=60_000, max_wait_ms=30_000)
    assert estimate_remaining_s(wanted, 10.0) == 80.0
