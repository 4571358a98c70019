"""Jobs, their states, and the events of a job."""

import dataclasses
import enum

from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.model_profile import ModelProfile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job did not succeed; `reason` is the name of an `ErrorReason` of the wire contract."""

    reason: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """What came of one model of a series: its measurement, or why there is none."""

    model_sha256: str
    measurement: Measurement | None = None
    failure: Failure | None = None


class JobPhase(str, enum.Enum):
    """Phase of a worker."""

    NOT_REPORTED = "unspecified"
    LOADING = "loading"
    WARMING_UP = "warming_up"
    MEASURING = "measuring"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of a running job; `attempt` counts from 1."""

    phase: JobPhase
    attempt: int


class JobState(str, enum.Enum):
    """State of a job; the agent's `job_states.py` lists the transitions. A state of a newer peer is not reported."""

    NOT_REPORTED = "unspecified"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether a job in this state has ended."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


JobEventPayload = JobState | Progress | LatencyBlock | Measurement | Failure | ModelProfile | ModelResult
"""The payload of one event of a job."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One event of a job, numbered from 1 without gaps."""

    sequence: int
    event: JobEventPayload


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job with its state and its result."""

    job_id: str
    spec: JobSpec
    state: JobState
    attempt_count: int
    create_time: float
    end_time: float | None = None
    queue_position: int | None = None
    measurement: Measurement | None = None
    failure: Failure | None = None
    host_name: str = ""
    acknowledge_time: float | None = None
    running_host_name: str = ""
    running_remaining_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalSpace:
    """Number of results that a device can keep until a host acknowledges them."""

    free_count: int
    total_count: int
