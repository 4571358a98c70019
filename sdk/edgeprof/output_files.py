"""Files that the host writes for its user: checked before anything is measured, written whole or not at all."""

import os
from collections.abc import Iterable

from edgeprof.errors import OutputFileError
from edgeprof_predictor._output_files import require_writable, write_output

PathText = str | os.PathLike[str]


def check_output(path: PathText | None, *, inputs: Iterable[PathText | None] = ()) -> None:
    """Check that a file could be written, before the work whose result it is to hold; nothing of the check stays.

    Args:
        path: The file; None for none.
        inputs: Files that are read for it, which it may not replace; None for none.

    Raises:
        OutputFileError: If it could not be written.
    """
    if path is None:
        return
    try:
        require_writable(path, inputs=[one for one in inputs if one is not None])
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error


def write_file(path: PathText, content: bytes) -> None:
    """Write a file: a plain one whole or not at all, links followed; into a pipe or a terminal as it is.

    Args:
        path: The file.
        content: All that it is to hold.

    Raises:
        OutputFileError: If it cannot be written.
    """
    try:
        write_output(path, content)
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error


def _refusal(path: PathText, error: Exception) -> OutputFileError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    hint = "make its folder" if isinstance(error, FileNotFoundError) else "free the disk"
    return OutputFileError(f"cannot write {os.fspath(path)} ({reason}): {hint}, or name another file")
