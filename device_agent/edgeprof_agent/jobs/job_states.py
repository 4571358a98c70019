"""The states of a job and the transitions between them.

The journal writes down no other change, and `scripts/job_states.py` draws them for `docs/jobs.md`.
"""

import dataclasses
from typing import Final

from edgeprof_agent.errors import JobStateError
from edgeprof_proto.records.job import JobState


@dataclasses.dataclass(frozen=True, slots=True)
class Transition:
    """A transition from one state to another.

    Args:
        before: State that the job leaves; None where the job begins.
        after: State that the job enters.
        cause: Why.
    """

    before: JobState | None
    after: JobState
    cause: str


TRANSITIONS: Final = (
    Transition(None, JobState.QUEUED, "a host asked for it"),
    Transition(JobState.QUEUED, JobState.RUNNING, "a worker starts"),
    Transition(JobState.QUEUED, JobState.CANCELLED, "on request"),
    Transition(JobState.RUNNING, JobState.SUCCEEDED, "the worker sent a measurement"),
    Transition(JobState.RUNNING, JobState.FAILED, "the worker failed, or the last attempt was interrupted"),
    Transition(JobState.RUNNING, JobState.CANCELLED, "on request"),
    Transition(JobState.RUNNING, JobState.QUEUED, "the agent stopped, or could not write to its disk"),
)

_ALLOWED = frozenset((transition.before, transition.after) for transition in TRANSITIONS)


def require_transition(job_id: str, before: JobState | None, after: JobState) -> None:
    """Check that a job may go from one state to another.

    Args:
        job_id: The job, for the text.
        before: State that it is in; None for a job that begins.
        after: State that it is to enter.

    Raises:
        JobStateError: If no transition leads there.
    """
    if (before, after) not in _ALLOWED:
        state = "new" if before is None else before.value
        raise JobStateError(f"job {job_id!r} is {state} and cannot become {after.value}")
