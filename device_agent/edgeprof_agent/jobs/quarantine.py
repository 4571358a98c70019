"""Quarantine: a model that has ended worker processes at a setting is refused at that setting until it is released.

Deaths that the setting explains do not count: a batch that does not fit into memory or into the time of a job, or more
threads than the device has cores, say nothing of the model.
"""

import json
import os
from typing import Final

from edgeprof_agent.errors import (
    AgentError,
    ModelQuarantinedError,
    WorkerCrashedError,
    WorkerOutOfMemoryError,
    WorkerTimeoutError,
)
from edgeprof_agent.jobs.journal_database import JournalDatabase
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job_spec import JobSpec, Setting

MAX_WORKER_KILL_COUNT: Final = 2
"""Number of ended workers from which on a model is refused at a setting."""

_EVERY_SETTING: Final = ""
"""Stands for the setting of workers that were ended before settings were told apart."""


class Quarantine:
    """Counts the workers that each model has ended at each setting, in the journal's database.

    Args:
        database: The journal's database.
    """

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def record_end(self, spec: JobSpec, error: AgentError, *, time: float) -> None:
        """Record how an attempt ended, where that counts against its model.

        Args:
            spec: What was measured.
            error: How the attempt ended.
            time: Now, in seconds since the epoch.
        """
        if not is_model_at_fault(error, spec.setting):
            return
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO worker_kills (model_sha256, setting, kill_count, last_message, last_time)"
                " VALUES (?, ?, 1, ?, ?)"
                " ON CONFLICT (model_sha256, setting) DO UPDATE SET kill_count = kill_count + 1,"
                " last_message = excluded.last_message, last_time = excluded.last_time",
                spec.model_sha256,
                _setting_key(spec.setting),
                str(error),
                time,
            )

    def worker_kills(self, spec: JobSpec) -> tuple[int, str]:
        """Return how many workers a model has ended at a setting, and how the last one ended.

        Args:
            spec: The model and the setting.
        """
        rows = self._database.rows(
            "SELECT kill_count, last_message FROM worker_kills WHERE model_sha256 = ? AND setting IN (?, ?)"
            " ORDER BY last_time",
            spec.model_sha256,
            _setting_key(spec.setting),
            _EVERY_SETTING,
        )
        return sum(row["kill_count"] for row in rows), rows[-1]["last_message"] if rows else ""

    def release_model(self, model_sha256: str) -> bool:
        """Set the count of a model back to zero, at every setting.

        Args:
            model_sha256: The model.

        Returns:
            Whether the model had ended a worker.
        """
        with self._database.transaction():
            return self._database.execute("DELETE FROM worker_kills WHERE model_sha256 = ?", model_sha256) > 0

    def require_released(self, spec: JobSpec) -> None:
        """Check that a model may be measured at a setting.

        Args:
            spec: The model and the setting.

        Raises:
            ModelQuarantinedError: If it has ended `MAX_WORKER_KILL_COUNT` workers there since it was last released.
        """
        kill_count, message = self.worker_kills(spec)
        if kill_count >= MAX_WORKER_KILL_COUNT:
            raise ModelQuarantinedError(
                f"the model {spec.model_sha256} has ended its worker {kill_count} times at this setting and is not "
                "measured with it again; to try all the same, use --release-model, or "
                f"`edgeprof-agent release {spec.model_sha256}` on the device; the last time {message}"
            )


def is_model_at_fault(error: AgentError, setting: Setting) -> bool:
    """Tell whether the end of an attempt counts against its model.

    A timeout counts only where the worker hung; one that kept sending events had a plan that was too long.

    Args:
        error: How the attempt ended.
        setting: The setting asked for.
    """
    if setting.thread_count > (os.cpu_count() or 1):
        return False
    if isinstance(error, WorkerTimeoutError):
        return error.was_silent and setting.batch_size == 1
    if isinstance(error, WorkerOutOfMemoryError):
        return setting.batch_size == 1
    return isinstance(error, WorkerCrashedError)


def _setting_key(setting: Setting) -> str:
    return json.dumps(to_json(setting), sort_keys=True)
