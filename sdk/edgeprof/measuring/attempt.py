"""One attempt to measure a probe of a session: written down, asked for, then its outcome written down."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError, JobConflictError, JobNotFoundError, RemoteError, UnreadableAnswerError
from edgeprof.measuring.failure_actions import FailureAction, action_after
from edgeprof.measuring.recording import FailureWatch, record_failure, record_result
from edgeprof.store import Attempt, MeasurementRequest, Probe, SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.measurement import Measurement


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt that failed, after which the session goes on.

    Args:
        message: Why it failed, for people.
        is_given_up: Whether its probe is not tried any more; otherwise another attempt is to follow at once.
    """

    message: str
    is_given_up: bool


class AttemptRunner:
    """Makes attempts to measure the probes of one session.

    Args:
        client: The device.
        store: Where attempts and results are written.
        record: The session.
        may_skip: Whether the session can go on without a probe that the device cannot measure.
    """

    def __init__(self, client: DeviceClient, store: Store, record: SessionRecord, *, may_skip: bool = True) -> None:
        self._client = client
        self._store = store
        self._record = record
        self._may_skip = may_skip

    def acknowledge_results(self) -> None:
        """Acknowledge what is stored: an earlier host may have ended between storing a result and acknowledging it."""
        attempts = [
            attempt
            for probe in self._store.probes(self._record)
            for attempt in probe.attempts
            if attempt.series_id is None
        ]
        ended = [item for item in attempts if item.sequence is not None]
        stored = [item.job_id for item in ended if item.reason is None]
        stored += [item.job_id for item in ended if item.reason is not None and self._is_failed_job(item.job_id)]
        if stored:
            self._client.acknowledge(stored)

    def run(
        self,
        probe: Probe,
        platform: Platform,
        request: MeasurementRequest,
        model: Path,
        *,
        inputs: Path | None = None,
        model_name: str = "",
        on_event: Callable[[JobEvent], None] = lambda event: None,
        on_waiting: Callable[[Job], None] = lambda job: None,
    ) -> Measurement | FailedAttempt:
        """Make the open attempt of a probe, or a new one where none is open.

        An open attempt asks for what it asked for before, so that the device recognises its job.

        Args:
            probe: What to measure.
            platform: The device, with the setting that is asked for.
            request: What a new attempt asks for.
            model: File of the model.
            inputs: The archive of values that the request gives the model; None where it gives none.
            model_name: Name of the model in the store; empty where the probe names it.
            on_event: Called with each event of the job.
            on_waiting: Called with the job where it has to wait for others.

        Raises:
            EdgeprofError: If the session cannot go on before somebody mends the cause. Started again, it makes a new
                attempt, or attaches to this one where the device may still be at it.
        """
        attempt = probe.open_attempt or self._store.begin_attempt(self._record, probe, request)
        asked = attempt.request or request
        watch = FailureWatch(on_event)
        try:
            measurement = self._client.measure(
                model,
                asked.setting,
                job_id=attempt.job_id,
                plan=asked.plan,
                allow_fallback=asked.allow_fallback,
                wants_operators=asked.wants_operators,
                wants_graph=asked.wants_graph,
                on_event=watch,
                on_waiting=on_waiting,
                **_given(asked, inputs),
            )
        except EdgeprofError as error:
            return self._after_failure(
                probe, attempt, platform, error, has_failed=watch.has_failed, model_name=model_name
            )
        self._store_result(attempt.job_id, platform, measurement, model_name)
        return measurement

    def fail(
        self, probe: Probe, platform: Platform, request: MeasurementRequest, error: EdgeprofError
    ) -> FailedAttempt:
        """Write that a probe failed before the device was asked for it.

        Args:
            probe: What was to be measured.
            platform: The device, with the setting that is asked for.
            request: What the attempt would have asked for.
            error: Why it failed.

        Raises:
            EdgeprofError: The error, where the session cannot go on before somebody mends the cause.
        """
        attempt = probe.open_attempt or self._store.begin_attempt(self._record, probe, request)
        outcome = self._after_failure(probe, attempt, platform, error, has_failed=False)
        assert isinstance(outcome, FailedAttempt)  # the device has no job
        return outcome

    def _store_result(self, job_id: str, platform: Platform, measurement: Measurement, model_name: str) -> None:
        record_result(self._client, self._store, job_id, platform, measurement, model_name=model_name)

    def _after_failure(
        self,
        probe: Probe,
        attempt: Attempt,
        platform: Platform,
        error: EdgeprofError,
        *,
        has_failed: bool,
        model_name: str = "",
    ) -> Measurement | FailedAttempt:
        """Write that an attempt has failed, and raise the error where the session cannot go on.

        A refused call says nothing of a job that an earlier process asked for: its result is taken where there is one.

        Args:
            probe: What was to be measured.
            attempt: The attempt.
            platform: The device, with the setting that was asked for.
            error: Why it failed.
            has_failed: Whether the job has failed, so that the device is not at it any more.
            model_name: Name of the model in the store.
        """
        if isinstance(error, RemoteError) and not has_failed and not isinstance(error, JobConflictError):
            job = self._job_in_spite_of(error, attempt.job_id)
            if job is not None and job.measurement is not None:
                self._store_result(attempt.job_id, platform, job.measurement, model_name)
                return job.measurement
            if job is not None and not job.state.is_final:
                raise error
        action = action_after(error, [item.reason for item in probe.attempts if item.reason is not None])
        if action is FailureAction.DETACH and not has_failed:
            raise error
        if action is FailureAction.DETACH or (action is FailureAction.SKIP and not self._may_skip):
            action = FailureAction.STOP
        is_given_up = action is FailureAction.SKIP
        record_failure(self._client, self._store, attempt, error, is_given_up=is_given_up, has_failed=has_failed)
        if isinstance(error, JobConflictError):
            self._put_away(attempt.job_id, platform, model_name)
        if action is FailureAction.STOP:
            raise with_advice(error) from error
        return FailedAttempt(str(error), is_given_up)

    def _is_failed_job(self, job_id: str) -> bool:
        """Whether the device keeps the job of an attempt that has failed, and the job ended without a result.

        The attempt may also have failed because the device did not take the job, or its result could not be read.
        """
        try:
            job = self._client.job(job_id)
        except (RemoteError, UnreadableAnswerError):
            return False
        return job.state.is_final and job.measurement is None

    def _job_in_spite_of(self, error: EdgeprofError, job_id: str) -> Job | None:
        """The job of an attempt whose call was refused; None where there is none."""
        try:
            return self._client.job(job_id)
        except JobNotFoundError:
            return None
        except EdgeprofError:
            raise error from None

    def _put_away(self, job_id: str, platform: Platform, model_name: str) -> None:
        """End a job that asks for something else than the session does now; a result that it has is kept."""
        self._client.cancel_job(job_id)
        job = self._client.job(job_id)
        if job.measurement is None:
            self._client.acknowledge((job_id,))
        else:
            self._store_result(job_id, platform, job.measurement, model_name)


def _given(request: MeasurementRequest, inputs: Path | None) -> dict[str, Any]:
    """Return the arguments of `measure` that give the model inputs; none where the request gives none."""
    if not request.inputs:
        return {}
    return {"input_shapes": {shape.name: shape.sizes for shape in request.inputs.shapes}, "inputs": inputs}


def with_advice(error: EdgeprofError) -> EdgeprofError:
    """Return the same error, which also says how to go on.

    Args:
        error: What ended the session.
    """
    text = f"{error}; what was measured is kept: once this is mended, the same command goes on"
    if isinstance(error, RemoteError):
        return type(error)(text, error.reason)
    return type(error)(text)
