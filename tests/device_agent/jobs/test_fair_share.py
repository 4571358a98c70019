from edgeprof_agent.jobs.fair_share import WaitingJob, fair_share_order
from edgeprof_agent.jobs.leases import Leases
from edgeprof_proto.records.job import JobState


def waiting(job_id: str, *, state: JobState = JobState.QUEUED, attempt_count: int = 0, last_run: int = 0) -> WaitingJob:
    """A job whose host is the first letter of its id."""
    return WaitingJob(job_id=job_id, host_name=job_id[0], state=state, attempt_count=attempt_count, last_run=last_run)


def order(*jobs: WaitingJob, silent: str = "") -> list[str]:
    return [job.job_id for job in fair_share_order(jobs, lambda host_name: host_name in silent)]


def test_hosts_take_turns_and_the_jobs_of_each_keep_their_order() -> None:
    jobs = [waiting(job_id) for job_id in ("a1", "a2", "a3", "b1", "c1", "b2")]
    assert order(*jobs) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_host_whose_last_run_is_the_longest_ago_leads() -> None:
    jobs = [
        waiting("a1", last_run=7),
        waiting("b1", last_run=3),
        waiting("c1", last_run=5),
        waiting("a2", last_run=7),
    ]
    assert order(*jobs) == ["b1", "c1", "a1", "a2"]


def test_job_that_runs_is_first_and_one_that_was_cut_short_next() -> None:
    jobs = [waiting("a1"), waiting("b1", attempt_count=1), waiting("c1", state=JobState.RUNNING, attempt_count=1)]
    assert order(*jobs) == ["c1", "b1", "a1"]


def test_turn_that_a_host_has_now_counts_once() -> None:
    running = waiting("a0", state=JobState.RUNNING, attempt_count=1, last_run=1)
    jobs = [waiting("a1", last_run=1), waiting("a2", last_run=1), waiting("b1"), waiting("b2")]
    assert order(running, *jobs) == ["a0", "b1", "a1", "b2", "a2"]


def test_silent_host_comes_after_all_others() -> None:
    jobs = [waiting("a1", attempt_count=1), waiting("a2"), waiting("b1"), waiting("b2")]
    assert order(*jobs, silent="a") == ["b1", "b2", "a1", "a2"]


def test_lease_is_renewed_by_a_call_and_held_by_a_stream() -> None:
    now = [100.0]
    leases = Leases(10.0, lambda: now[0])
    assert not leases.is_silent("a")
    now[0] = 105.0
    leases.renew("b")
    now[0] = 112.0
    assert leases.is_silent("a") and not leases.is_silent("b")
    with leases.held("a"), leases.held("a"):
        now[0] = 150.0
        assert not leases.is_silent("a") and leases.is_silent("b")
    assert not leases.is_silent("a")
    now[0] = 161.0
    assert leases.is_silent("a")


def test_names_of_hosts_that_went_away_are_forgotten() -> None:
    now = [0.0]
    leases = Leases(10.0, lambda: now[0])
    for number in range(100):
        now[0] += 11.0
        leases.renew(f"host-{number}")
    assert len(leases._renewed) == 1
