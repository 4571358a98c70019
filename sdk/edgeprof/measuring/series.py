"""Several probes of a session measured by one job of the device, each result stored before the next one is looked at.

A model that ends the worker, and with it the job, is left for an attempt of its own; the job of those behind it is the
next series.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import ModelFiles, find_model_files
from edgeprof.devices.remote_errors import remote_error
from edgeprof.errors import EdgeprofError, JobNotFoundError, OnboardingError, RemoteError, UnreadableAnswerError
from edgeprof.measuring.attempt import with_advice
from edgeprof.measuring.failure_actions import FailureAction, action_after, reason_of
from edgeprof.measuring.recording import FailureWatch
from edgeprof.store import Attempt, MeasurementRequest, Probe, SessionRecord, Store, series_part_id
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job import Job, JobEvent, ModelResult
from edgeprof_proto.records.job_spec import MAX_SERIES_COUNT
from edgeprof_proto.records.measurement import Measurement

ENDED_AT_A_MODEL = frozenset(
    {
        "ERROR_REASON_WORKER_CRASHED",
        "ERROR_REASON_WORKER_TIMEOUT",
        "ERROR_REASON_WORKER_OUT_OF_MEMORY",
        "ERROR_REASON_INTERRUPTED",
    }
)
"""Reasons for which a series ends at the model that runs; the first one that nothing was told of."""


_Batch = list[tuple[Probe, ModelFiles, str]]
"""Probes with the files and the SHA-256 of their models."""


class SeriesListener:
    """Is called at every step of a series. All methods do nothing; override those of interest."""

    def on_started(self, probe: Probe) -> None:
        """The device is about to measure a probe."""

    def on_event(self, event: JobEvent) -> None:
        """The device reported progress."""

    def on_waiting(self, job: Job) -> None:
        """The series has to wait for other jobs of the device."""

    def on_measured(self, probe: Probe, measurement: Measurement) -> None:
        """A measurement has arrived and is in the store."""

    def on_failed(self, probe: Probe, failure: str) -> None:
        """An attempt failed and that is in the store. An `OnboardingError` that this raises ends the series."""


@dataclass(slots=True)
class _Progress:
    """How far a series is.

    Args:
        series_id: Id of its job.
        parts: Its probes with their attempts, in the order in which they are measured.
        told: Ids of the attempts of which something was told.
    """

    series_id: str
    parts: list[tuple[Probe, Attempt]]
    told: set[str] = field(default_factory=set)

    def first_untold(self) -> tuple[Probe, Attempt] | None:
        return next((part for part in self.parts if part[1].job_id not in self.told), None)


class SeriesRunner:
    """Measures probes of one session in series.

    Args:
        client: The device.
        platform: The device, with the setting that is asked for.
        store: Where attempts and results are written.
        record: The session.
        listener: Is called at every step.
    """

    def __init__(
        self, client: DeviceClient, platform: Platform, store: Store, record: SessionRecord, listener: SeriesListener
    ) -> None:
        self._client = client
        self._platform = platform
        self._store = store
        self._record = record
        self._listener = listener
        self._earlier_reasons: list[str] = []

    def resume(self) -> None:
        """Take what the device has measured, or still measures, for earlier processes of this session.

        Raises:
            EdgeprofError: If the device stays silent, or cannot measure until somebody mends the cause.
        """
        attempts = [attempt for probe in self._store.probes(self._record) for attempt in probe.attempts]
        for series_id in dict.fromkeys(attempt.series_id for attempt in attempts if attempt.series_id):
            is_open = any(attempt.sequence is None for attempt in attempts if attempt.series_id == series_id)
            try:
                job = self._client.job_status(series_id)
            except JobNotFoundError:
                self._store.end_series(series_id)
                continue
            if is_open or not job.state.is_final:
                self._follow(series_id, partial(self._client.follow_series, series_id))
            elif job.acknowledge_time is None:
                self._client.acknowledge((series_id,))

    def run(self, models: Sequence[tuple[Probe, Path]], request: MeasurementRequest) -> list[Probe]:
        """Measure probes by as few jobs as the device allows.

        Args:
            models: The probes, with the file of each, in the order of the plan.
            request: What is asked for of each.

        Returns:
            Those that are left for attempts of their own: their attempt in a series failed, or none was made.

        Raises:
            EdgeprofError: If the session cannot go on before somebody mends the cause. Started again, it takes what
                was measured, and goes on behind it.
        """
        files = [(probe, self._files_of(path)) for probe, path in models]
        named = [(probe, found, found.sha256()) for probe, found in files]
        first = {sha256: probe.ordinal for probe, _, sha256 in reversed(named)}
        unique = [item for item in named if first[item[2]] == item[0].ordinal]
        batches = [unique[start : start + MAX_SERIES_COUNT] for start in range(0, len(unique), MAX_SERIES_COUNT)]
        while batches:
            batch = batches.pop(0)
            if len(batch) < 2:
                continue
            refusal = self._attempt(batch, request)
            if refusal is None:
                batches.insert(0, self._untried(batch))
            else:
                # One of them is refused, and with it all: the rest is found by halves.
                middle = len(batch) // 2
                batches[:0] = [batch[:middle], batch[middle:]]
        states = {probe.ordinal: probe for probe in self._store.probes(self._record)}
        return [states[probe.ordinal] for probe, _ in models if states[probe.ordinal].state == "planned"]

    def _files_of(self, path: Path) -> ModelFiles:
        runtime = self._platform.setting.runtime
        formats = self._client.model_formats(runtime)
        return find_model_files(path, formats, f"{runtime} on {self._client.address}")

    def _untried(self, batch: _Batch) -> _Batch:
        counts = {probe.ordinal: len(probe.attempts) for probe in self._store.probes(self._record)}
        return [item for item in batch if counts[item[0].ordinal] == len(item[0].attempts)]

    def _attempt(self, batch: _Batch, request: MeasurementRequest) -> EdgeprofError | None:
        models = [(probe, sha256) for probe, _, sha256 in batch]
        series_id = self._store.begin_series(self._record, models, request)
        return self._follow(
            series_id,
            partial(
                self._client.measure_series,
                [found for _, found, _ in batch],
                request.setting,
                job_id=series_id,
                plan=request.plan,
                allow_fallback=request.allow_fallback,
                wants_operators=request.wants_operators,
                wants_graph=request.wants_graph,
                on_waiting=self._listener.on_waiting,
            ),
        )

    def _follow(self, series_id: str, call: Callable[..., object]) -> EdgeprofError | None:
        """Store what a series tells until it ends; return why the device refused it, None where it did not."""
        probes = self._store.probes(self._record)
        parts = [(probe, item) for probe in probes for item in probe.attempts if item.series_id == series_id]
        progress = _Progress(series_id, parts)
        watch = FailureWatch(self._listener.on_event)
        self._announce(progress)
        try:
            call(on_result=partial(self._take, progress), on_event=watch)
        except OnboardingError:
            self._put_away(progress, has_ended=watch.has_failed)
            raise
        except EdgeprofError as error:
            return self._after_failure(progress, error, has_failed=watch.has_failed)
        self._client.acknowledge((series_id,))
        self._store.end_series(series_id)
        return None

    def _announce(self, progress: _Progress) -> None:
        part = progress.first_untold()
        if part is not None:
            self._listener.on_started(part[0])

    def _take(self, progress: _Progress, result: ModelResult) -> None:
        """Store what came of one model, unless an earlier process has."""
        part_id = series_part_id(progress.series_id, result.model_sha256)
        part = next((item for item in progress.parts if item[1].job_id == part_id), None)
        if part is None or part_id in progress.told:
            return
        progress.told.add(part_id)
        probe, attempt = part
        if attempt.sequence is not None:
            return
        if result.measurement is not None:
            platform = self._platform.that_ran(result.measurement.setting)
            self._store.record_measurement(part_id, platform, result.measurement)
            self._listener.on_measured(probe, result.measurement)
        elif result.failure is not None:
            error = remote_error(result.failure.reason, result.failure.message)
            action = action_after(error, [item.reason for item in probe.attempts if item.reason is not None])
            self._fail(probe, attempt, error, is_given_up=action is FailureAction.SKIP)
        self._announce(progress)

    def _fail(self, probe: Probe, attempt: Attempt, error: EdgeprofError, *, is_given_up: bool) -> None:
        self._store.end_attempt(attempt, reason_of(error), str(error), is_given_up=is_given_up)
        self._listener.on_failed(probe, str(error))

    def _after_failure(self, progress: _Progress, error: EdgeprofError, *, has_failed: bool) -> EdgeprofError | None:
        """Write what the end of a series says of its models; return a refusal, raise what ends the session."""
        action = action_after(error, self._earlier_reasons)
        if action is FailureAction.DETACH and not has_failed:
            raise error
        has_ended_at_model = has_failed and reason_of(error) in ENDED_AT_A_MODEL
        blamed = None
        if has_ended_at_model or isinstance(error, UnreadableAnswerError):
            blamed = progress.first_untold()
        is_new = blamed is not None and blamed[1].sequence is None
        if blamed is not None and is_new:
            # Not given up before it has failed alone: what ran before it in the same process may be the cause.
            self._store.end_attempt(blamed[1], reason_of(error), str(error), is_given_up=False)
        self._put_away(progress, has_ended=has_failed)
        if blamed is not None:
            if is_new:
                self._listener.on_failed(blamed[0], str(error))
            return None
        self._earlier_reasons.append(reason_of(error))
        if action is FailureAction.SKIP:
            return error
        if action in (FailureAction.STOP, FailureAction.DETACH):
            raise with_advice(error) from error
        return None

    def _put_away(self, progress: _Progress, *, has_ended: bool) -> None:
        """Let the device forget a series whose results are stored, and the store its models that were not tried."""
        with suppress(RemoteError):
            if not has_ended:
                self._client.cancel_job(progress.series_id)
            self._client.acknowledge((progress.series_id,))
        self._store.end_series(progress.series_id)
