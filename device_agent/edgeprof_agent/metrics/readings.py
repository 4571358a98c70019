"""What is told of the agent and its device, read at the moment it is asked for."""

import time
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT, read_conditions
from edgeprof_agent.jobs.job_queue import JobQueue
from edgeprof_agent.metrics.text_format import Metric
from edgeprof_proto import CONTRACT_REVISION
from edgeprof_proto.records.job import JobState
from edgeprof_proto.records.measurement import Conditions, VerdictKind
from edgeprof_proto.version import VERSION

_Values = list[tuple[Mapping[str, str], float]]
"""Labels and value of each series."""


class Readings:
    """Reads the metrics of an agent.

    Args:
        device_id: The device's id.
        jobs: Its jobs.
        root: Root folder of the file tree that the device's state is read from.
    """

    def __init__(self, device_id: str, jobs: JobQueue, root: Path = SYSTEM_ROOT) -> None:
        self._device_id = device_id
        self._jobs = jobs
        self._root = root
        self._start_s = time.monotonic()

    def read(self) -> tuple[Metric, ...]:
        """Return all metrics as they are now.

        Raises:
            JournalError: If the journal cannot be read.
        """
        return (*self._of_agent(), *device_metrics(read_conditions(self._root)))

    def _of_agent(self) -> tuple[Metric, ...]:
        info = {"version": VERSION, "contract_revision": str(CONTRACT_REVISION), "device_id": self._device_id}
        states, verdicts = self._jobs.state_counts(), self._jobs.verdict_counts
        return (
            Metric(
                name="edgeprof_agent_info",
                kind="gauge",
                description="Always 1; the labels tell which agent this is.",
                values=[(info, 1)],
            ),
            Metric(
                name="edgeprof_agent_uptime_seconds",
                kind="gauge",
                description="Time since the agent started.",
                # Counted by the clock that nobody sets: boards without a battery start in 1970.
                values=[({}, time.monotonic() - self._start_s)],
            ),
            Metric(
                name="edgeprof_jobs",
                kind="gauge",
                description="Jobs that the agent keeps, by state; those that are queued are the length of the queue.",
                values=[
                    ({"state": state.value}, states.get(state, 0))
                    for state in JobState
                    if state is not JobState.NOT_REPORTED
                ],
            ),
            Metric(
                name="edgeprof_measurements_total",
                kind="counter",
                description="Measurements since the agent started, by verdict.",
                values=[
                    ({"verdict": kind.value}, verdicts[kind])
                    for kind in VerdictKind
                    if kind is not VerdictKind.NOT_REPORTED
                ],
            ),
        )


def device_metrics(conditions: Conditions) -> tuple[Metric, ...]:
    """Return what a device tells of its heat.

    Args:
        conditions: Its state.
    """
    temperatures: dict[str, float] = {}
    for item in conditions.temperatures:
        # Two zones of one name are one series: the hotter one counts.
        temperatures[item.zone] = max(item.temperature_celsius, temperatures.get(item.zone, item.temperature_celsius))
    flag_count = len(conditions.throttling_flags) if conditions.has_throttling_flags else None
    return (
        Metric(
            name="edgeprof_temperature_celsius",
            kind="gauge",
            description="Temperature of each zone that the device reports.",
            values=[({"zone": zone}, celsius) for zone, celsius in temperatures.items()],
        ),
        Metric(
            name="edgeprof_throttling_flags",
            kind="gauge",
            description="Flags of firmware and kernel that are set: what holds the device back, or has since its boot.",
            values=_single(flag_count),
        ),
        Metric(
            name="edgeprof_throttling_flag",
            kind="gauge",
            description="1 for each flag that is set.",
            values=[({"flag": flag}, 1) for flag in conditions.throttling_flags],
        ),
        Metric(
            name="edgeprof_throttling_events_total",
            kind="counter",
            description="Throttling events that the hardware has counted since the device's boot.",
            values=_single(conditions.throttling_event_count),
        ),
    )


def _single(value: float | None) -> _Values:
    """Return the only series of a metric; none where the device does not report it."""
    return [] if value is None else [({}, value)]
