"""What came of the models of a series, as the journal keeps it across interruptions."""

from edgeprof_agent.jobs.journal_database import JournalDatabase
from edgeprof_proto.records.job import Job


class SeriesResults:
    """Results of single models among the events of jobs.

    Args:
        database: The journal's database.
    """

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def untold_models(self, job: Job) -> list[str]:
        """Return the SHA-256 of each model of a job, in their order, of which the journal has no result yet.

        An attempt at a series that was interrupted has told what came of the first models: they are done.

        Args:
            job: The job; of one that is no series, its model.
        """
        rows = self._database.rows(
            "SELECT json_extract(body, '$.model_sha256') AS model_sha256 FROM events JOIN jobs"
            " ON jobs.number = events.job_number WHERE job_id = ? AND kind = 'model_result'",
            job.job_id,
        )
        told = {row["model_sha256"] for row in rows}
        return [model_sha256 for model_sha256 in job.spec.model_hashes if model_sha256 not in told]
