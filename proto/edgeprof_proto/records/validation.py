"""The error for a wrong field of a record, and the checks of identifiers that several messages share."""

import re

_SHA256 = re.compile(r"[0-9a-f]{64}")
_JOB_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RecordError(ValueError):
    """A field is missing, of the wrong type or outside its range; the text names it."""


def require(is_valid: bool, message: str) -> None:
    """Check a field of a record.

    Args:
        is_valid: Whether its value is allowed.
        message: The sentence of the error, which names the field, the value and the range.

    Raises:
        RecordError: If it is not.
    """
    if not is_valid:
        raise RecordError(message)


def require_sha256(model_sha256: str) -> None:
    """Check the name of a model.

    Args:
        model_sha256: What should be 64 lower-case hexadecimal digits.

    Raises:
        RecordError: If it is anything else.
    """
    require(
        _SHA256.fullmatch(model_sha256) is not None,
        f"model_sha256 must be 64 lower-case hexadecimal digits, got {model_sha256!r}",
    )


def require_job_id(job_id: str) -> None:
    """Check the id of a job.

    Args:
        job_id: What should be 1 to 128 letters, digits, dots, underscores and hyphens.

    Raises:
        RecordError: If it is anything else.
    """
    require(
        _JOB_ID.fullmatch(job_id) is not None,
        f"job_id must be 1 to 128 letters, digits, dots, underscores and hyphens, got {job_id!r}",
    )
