"""What the owner of the board may do with its jobs: list, export and drop them, and release models from quarantine.

The running agent answers these commands on its control socket; while none runs, the command itself answers them.
"""

from collections.abc import Iterator
from typing import Any

from edgeprof_agent.errors import ControlError
from edgeprof_agent.jobs.journal import Journal
from edgeprof_proto.record_json import to_json

RELEASE, LIST, EXPORT, DROP = "release", "list_jobs", "export_jobs", "drop_jobs"

_PAGE_SIZE = 100
_EVENTS_AT_ONCE = 4


class OwnerCommands:
    """Answers the owner's commands.

    Args:
        journal: The jobs.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]] | None:
        """Answer a command.

        Args:
            request: The command with its arguments.

        Returns:
            The answers, in order; None for a command that is not the owner's.

        Raises:
            AgentError: If the command cannot be carried out.
        """
        command = request["command"]
        if command == RELEASE:
            return iter([{"was_known": self._journal.quarantine.release_model(request["model_sha256"])}])
        if command == LIST:
            return ({"job": job} for job in self._jobs())
        if command == EXPORT:
            return self._export()
        if command == DROP:
            return iter([{"dropped_count": self._drop(request["job_ids"])}])
        return None

    def _jobs(self) -> Iterator[dict[str, Any]]:
        before: int | None = None
        while True:
            jobs, before = self._journal.list_jobs(limit=_PAGE_SIZE, before=before)
            yield from map(to_json, jobs)
            if before is None:
                return

    def _export(self) -> Iterator[dict[str, Any]]:
        """Yield each job, followed by its events, a few of which are in memory at a time."""
        for job in self._jobs():
            yield {"job": job}
            sequence = 1
            while events := self._journal.events(
                job["job_id"], from_sequence=sequence, limit=_EVENTS_AT_ONCE, with_blocks=False
            ):
                yield from ({"job_id": job["job_id"], **to_json(event)} for event in events)
                sequence = events[-1].sequence + 1

    def _drop(self, job_ids: list[str] | None) -> int:
        if job_ids is None:
            return self._journal.kept_jobs.drop_finished_jobs()
        jobs = [self._journal.get_job(job_id, with_blocks=False) for job_id in job_ids]
        if unfinished := [job.job_id for job in jobs if not job.state.is_final]:
            raise ControlError(f"{', '.join(unfinished)} has not ended: let its host cancel it, or wait for its end")
        for job_id in job_ids:
            self._journal.kept_jobs.forget_job(job_id)
        return len(job_ids)
