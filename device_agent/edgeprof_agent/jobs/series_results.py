"""What came of the models of a series, as the journal keeps it across interruptions."""

from collections.abc import Collection

from edgeprof_agent.jobs.journal_database import JournalDatabase


class SeriesResults:
    """Results of single models among the events of jobs.

    Args:
        database: The journal's database.
    """

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def told_models(self, job_id: str) -> Collection[str]:
        """Return the SHA-256 of each model of a series of which the journal has a measurement or a failure.

        Args:
            job_id: The job; one that is no series has none.
        """
        rows = self._database.rows(
            "SELECT json_extract(body, '$.model_sha256') AS model_sha256 FROM events JOIN jobs"
            " ON jobs.number = events.job_number WHERE job_id = ? AND kind = 'model_result'",
            job_id,
        )
        return {str(row["model_sha256"]) for row in rows}
