"""Standard streams that are closed, full, or have a narrow encoding: output works, or its failure is one sentence."""

import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Make streams that can be written to, whatever the environment gave this process.

    A closed one leads nowhere: without it the next file that is opened would get its number, and what a library prints.
    What the encoding of a terminal cannot show is written as Python writes it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def flush_streams() -> OSError | None:
    """Write what is still to be written; return why that fails.

    A stream that failed leads nowhere from then on: Python would complain of it once more when it ends.
    """
    failure = None
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError as error:
            failure = failure or error
            _lead_nowhere(number, stream)
        except ValueError:
            # Closed by whoever printed last.
            continue
    return failure


def _lead_nowhere(number: int, stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
    stream.flush()
