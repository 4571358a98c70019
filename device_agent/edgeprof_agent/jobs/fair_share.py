"""The fair-share order of the queue: one job of each host in turn; hosts whose lease has expired come last."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

from edgeprof_proto.records.job import JobState


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob:
    """The fields of a job that its position in the queue depends on.

    Args:
        job_id: The job.
        host_name: Host that asked for it.
        state: QUEUED or RUNNING.
        attempt_count: Times that a worker was started for it.
        last_run: Number of the last start of any job of this host, counted over all hosts; 0 for none.
    """

    job_id: str
    host_name: str
    state: JobState
    attempt_count: int
    last_run: int


def fair_share_order(waiting: Sequence[WaitingJob], is_silent: Callable[[str], bool]) -> list[WaitingJob]:
    """Return the jobs in the order in which they will run.

    The running job is first, then jobs whose attempt was interrupted. Then the first job of each host, starting with
    the host that has not run a job for longest, then the second job of each host, and so on. Jobs of hosts whose lease
    has expired come last, in the same order among themselves.

    Args:
        waiting: The jobs in the order of arrival.
        is_silent: Tells whether the lease of a host has expired.
    """
    rounds: Counter[str] = Counter()
    keys = {}
    for arrival, job in enumerate(waiting):
        keys[job.job_id] = (
            job.state is not JobState.RUNNING,
            is_silent(job.host_name),
            job.attempt_count == 0,
            rounds[job.host_name],
            job.last_run,
            arrival,
        )
        # A job that was started before is counted in `last_run` already.
        rounds[job.host_name] += job.attempt_count == 0
    return sorted(waiting, key=lambda job: keys[job.job_id])
