"""A device in this process whose failures a test chooses. Real agents take seconds for a job, this one microseconds."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from factories import SETTING, measurement_of

from edgeprof.devices.remote_errors import remote_error
from edgeprof.errors import AgentUnavailableError, JobConflictError, JobNotFoundError, UnreadableAnswerError
from edgeprof_proto.records.device import Cpu, RuntimeInfo
from edgeprof_proto.records.job import Failure, JobEvent
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement


class HostKilledError(BaseException):
    """Stands for the end of the host's process: nothing of the host catches it."""


@dataclass(frozen=True)
class Disturbance:
    """What happens instead of a measurement.

    Args:
        kind: "fail" ends the job with the reason, "refuse" refuses the call so that there is no job; "silent before"
            and "silent after" break the connection before there is a job and after it has ended; "killed before",
            "killed after" and "killed stored" end the host there, "killed failed" once a failure is stored;
            "unreadable" sends a result that cannot be read.
        reason: The reason of a failure or refusal.
    """

    kind: str
    reason: str = ""


@dataclass
class ScriptedClient:
    """Has what a session uses of a `DeviceClient`.

    Args:
        disturbances: What happens with the next measurements; after them all goes well.
    """

    disturbances: list[Disturbance] = field(default_factory=list)
    address: str = "scripted:1"
    host_name: str = "host"

    def __post_init__(self) -> None:
        self.jobs: dict[str, tuple[tuple[str, object], Measurement | str]] = {}
        self.acknowledged: set[str] = set()
        self.call_count = 0
        self.kills_when_acknowledging = False
        self.on_acknowledge: Callable[[list[str]], None] = lambda job_ids: None

    def device(self) -> Any:
        runtime = RuntimeInfo(
            name=SETTING.runtime,
            version=SETTING.runtime_version,
            providers=(SETTING.provider,),
            precisions=(SETTING.precision,),
        )
        cpu = Cpu(architecture="aarch64", core_count=1)
        limits = SimpleNamespace(thread_count=0)
        return SimpleNamespace(limits=limits, runtimes=(runtime,), cpu=cpu, host_name="scripted")

    def measure(
        self,
        model: Path,
        setting: Setting,
        *,
        job_id: str,
        plan: MeasurementPlan | None = None,
        allow_fallback: bool = False,
        on_event: Callable[..., None] | None = None,
        on_waiting: Callable[..., None] | None = None,
        wants_operators: bool = False,
        wants_graph: bool = False,
    ) -> Measurement:
        self.call_count += 1
        now = self.disturbances.pop(0) if self.disturbances else Disturbance("none")
        if now.kind == "silent before":
            raise AgentUnavailableError("no agent answers")
        if now.kind == "killed before":
            raise HostKilledError
        if now.kind == "refuse":
            if now.reason == "ERROR_REASON_JOB_CONFLICT":
                self.jobs.setdefault(job_id, (("another model", None), "ERROR_REASON_CANCELLED"))
            raise remote_error(now.reason, "refused")
        self.jobs.setdefault(job_id, ((model.name, (setting, plan)), self._outcome(model, now)))
        asked, outcome = self.jobs[job_id]
        if asked != (model.name, (setting, plan)):
            raise JobConflictError("asks for something else", "ERROR_REASON_JOB_CONFLICT")
        if now.kind == "silent after":
            raise AgentUnavailableError("the connection broke")
        if now.kind == "killed after":
            raise HostKilledError
        if now.kind == "unreadable":
            raise UnreadableAnswerError("a field lies outside its range")
        self.kills_when_acknowledging = now.kind in ("killed stored", "killed failed")
        if isinstance(outcome, str):
            if on_event is not None:
                on_event(JobEvent(sequence=1, event=Failure(reason=outcome, message="failed")))
            raise remote_error(outcome, "failed")
        return outcome

    def _outcome(self, model: Path, now: Disturbance) -> Measurement | str:
        if now.kind in ("fail", "killed failed"):
            return now.reason or "ERROR_REASON_RUN_FAILED"
        # Each network has a latency of its own, the same each time, and the clock of the device runs backwards.
        latency_ms = 1 + int(hashlib.sha256(model.name.encode()).hexdigest()[:4], 16) / 65_536
        return measurement_of(latency_ms, latency_ms, block_count=5, start_time=1e9 - self.call_count)

    def acknowledge(self, job_ids: Iterable[str]) -> None:
        job_ids = list(job_ids)
        self.on_acknowledge(job_ids)
        if self.kills_when_acknowledging:
            self.kills_when_acknowledging = False
            raise HostKilledError
        self.acknowledged.update(job_ids)

    def cancel_job(self, job_id: str) -> None:
        assert job_id in self.jobs

    def job(self, job_id: str) -> Any:
        if job_id not in self.jobs:
            raise JobNotFoundError("no such job", "ERROR_REASON_JOB_NOT_FOUND")
        outcome = self.jobs[job_id][1]
        measurement = None if isinstance(outcome, str) else outcome
        return SimpleNamespace(measurement=measurement, state=SimpleNamespace(is_final=True))

    @property
    def results(self) -> dict[str, Measurement]:
        """What the device has measured, by job."""
        return {job_id: outcome for job_id, (_, outcome) in self.jobs.items() if isinstance(outcome, Measurement)}
