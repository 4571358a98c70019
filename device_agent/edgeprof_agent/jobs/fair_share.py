"""Whose turn it is: hosts take turns, and a host that has fallen silent comes after all others."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

from edgeprof_proto.records.job import JobState


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob:
    """What the order of the queue depends on.

    Args:
        job_id: The job.
        host_name: Host that asked for it.
        state: QUEUED or RUNNING.
        attempt_count: Times that a worker was started for it.
        last_turn: Number of the turn that its host had last; 0 for none.
    """

    job_id: str
    host_name: str
    state: JobState
    attempt_count: int
    last_turn: int


def fair_share_order(waiting: Sequence[WaitingJob], is_silent: Callable[[str], bool]) -> list[WaitingJob]:
    """Return the jobs that wait in the order in which they will run.

    The job that runs is first. Then come those whose attempt was cut short, then the first job of each host, the host
    whose last turn is the longest ago leading, then the second of each, and so on. The jobs of silent hosts follow
    in the same order among themselves.

    Args:
        waiting: The jobs, in the order in which they came.
        is_silent: Tells whether a host has not been heard from for longer than its lease.
    """
    rounds: Counter[str] = Counter()
    keys = {}
    for arrival, job in enumerate(waiting):
        keys[job.job_id] = (
            job.state is not JobState.RUNNING,
            is_silent(job.host_name),
            job.attempt_count == 0,
            rounds[job.host_name],
            job.last_turn,
            arrival,
        )
        # A job that had its turn already moved its host back by that turn.
        rounds[job.host_name] += job.attempt_count == 0
    return sorted(waiting, key=lambda job: keys[job.job_id])
