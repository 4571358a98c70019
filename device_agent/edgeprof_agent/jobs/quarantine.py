"""Quarantine: a model whose measurement has ended worker processes is refused until it is released."""

from typing import Final

from edgeprof_agent.errors import (
    AgentError,
    ModelQuarantinedError,
    WorkerCrashedError,
    WorkerOutOfMemoryError,
    WorkerTimeoutError,
)
from edgeprof_agent.jobs.journal_database import JournalDatabase

MAX_WORKER_KILL_COUNT: Final = 2
"""Number of ended workers from which on a model is refused."""


class Quarantine:
    """Counts the workers that each model has ended, in the journal's database.

    Args:
        database: The journal's database.
    """

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def count_worker_kill(self, model_sha256: str, message: str, *, time: float) -> None:
        """Record that a model has ended its worker.

        Args:
            model_sha256: The model.
            message: How the worker ended, for people.
            time: Now, in seconds since the epoch.
        """
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO worker_kills (model_sha256, kill_count, last_message, last_time) VALUES (?, 1, ?, ?)"
                " ON CONFLICT (model_sha256) DO UPDATE SET kill_count = kill_count + 1,"
                " last_message = excluded.last_message, last_time = excluded.last_time",
                model_sha256,
                message,
                time,
            )

    def worker_kills(self, model_sha256: str) -> tuple[int, str]:
        """Return how many workers a model has ended, and how the last one ended.

        Args:
            model_sha256: The model.
        """
        rows = self._database.rows("SELECT * FROM worker_kills WHERE model_sha256 = ?", model_sha256)
        return (rows[0]["kill_count"], rows[0]["last_message"]) if rows else (0, "")

    def release_model(self, model_sha256: str) -> bool:
        """Set the count of a model back to zero.

        Args:
            model_sha256: The model.

        Returns:
            Whether the model had ended a worker.
        """
        with self._database.transaction():
            return self._database.execute("DELETE FROM worker_kills WHERE model_sha256 = ?", model_sha256) > 0

    def require_released(self, model_sha256: str) -> None:
        """Check that a model may be measured.

        Args:
            model_sha256: The model.

        Raises:
            ModelQuarantinedError: If it has ended `MAX_WORKER_KILL_COUNT` workers since it was last released.
        """
        kill_count, message = self.worker_kills(model_sha256)
        if kill_count >= MAX_WORKER_KILL_COUNT:
            raise ModelQuarantinedError(
                f"the model {model_sha256} has ended its worker {kill_count} times and is not measured again; to try "
                f"all the same, use --release-model, or `edgeprof-agent release {model_sha256}` on the device; "
                f"the last time {message}"
            )


def is_model_at_fault(error: AgentError) -> bool:
    """Tell whether the end of an attempt counts against its model.

    A timeout counts only where the worker hung; one that kept sending events had a plan that was too long.
    """
    if isinstance(error, WorkerTimeoutError):
        return error.was_silent
    return isinstance(error, WorkerCrashedError | WorkerOutOfMemoryError)
