"""What a worker tells of an error that ended a job, or one model of a series."""

from edgeprof_agent.errors import AgentError, WorkerOutOfMemoryError
from edgeprof_proto.records.job import Failure

OUT_OF_MEMORY_WORDS = ("bad_alloc", "bad allocation", "Failed to allocate memory", "MemoryError")
"""Texts by which libraries report that an allocation failed."""


def failure_of(error: Exception) -> Failure:
    """Return what is told of an error, with a reason of its own for failed allocations.

    Args:
        error: The error; one that is none of the agent's is an internal one.
    """
    is_known = isinstance(error, AgentError | MemoryError)
    if is_known and (isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY_WORDS)):
        message = (
            f"the model takes more memory than a worker on this device may ({error}); measure a smaller one, or raise "
            "EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device"
        )
        return Failure(reason=WorkerOutOfMemoryError.reason, message=message)
    if isinstance(error, AgentError):
        return Failure(reason=error.reason, message=str(error))
    return Failure(reason=AgentError.reason, message=f"the worker failed with {type(error).__name__}: {error}")
