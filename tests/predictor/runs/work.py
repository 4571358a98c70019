"""Work for units, in a module that another process can import."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from edgeprof_predictor.errors import TableError
from edgeprof_predictor.runs.journal import Row


def rows_of(number: int) -> list[Row]:
    """One row that tells the number and who computed it."""
    return [{"number": number, "process": os.getpid()}]


def thread_counts() -> list[Row]:
    """One row with the threads that libraries may use here."""
    return [{name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}]


def fail() -> list[Row]:
    """No row, but one of our errors."""
    raise TableError("this unit cannot be run")


def rows_of_second_attempt(number: int, marker: Path) -> list[Row]:
    """One row as above; whoever computes it first is killed, as by a power cut."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return rows_of(number)
