"""Where a search gets accuracies: a table of networks trained before, or a function that trains; and its prior."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import NetworkSourceError
from edgeprof.network_source import user_attribute
from edgeprof_predictor._plain_files import MAX_TABLE_BYTES, read_plain_file
from edgeprof_predictor.accuracy.bundle import load_shipped
from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.tables import load_task, task_names
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.search.guides import UpperConfidenceBound
from edgeprof_predictor.search.procedure import TrainFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyTable:
    """Accuracies of networks that were trained before; a search looks them up instead of training.

    Args:
        path: Archive of accuracies and proxies.
        task: Which of its tasks: `SPACE/TASK`.
    """

    path: str | os.PathLike[str]
    task: str

    @classmethod
    def parse(cls, text: str) -> AccuracyTable:
        """Return the table that `FILE.npz:SPACE/TASK` names.

        Raises:
            TableError: If the text has no such form.
        """
        path, _, task = text.rpartition(":")
        if not path or not task:
            raise TableError(f"{text!r} names no task of a table; write FILE.npz:SPACE/TASK")
        return cls(path=Path(path), task=task)

    def identity(self) -> str:
        """Return a digest of the file's contents, and the task, as the state of a search records them."""
        try:
            return f"{hashlib.sha256(read_plain_file(self.path, max_bytes=MAX_TABLE_BYTES)).hexdigest()} {self.task}"
        except OSError as error:
            raise TableError(f"cannot read {self.path}: {error.strerror}") from error


def load_train_function(source: str) -> TrainFunction:
    """Return the function of the user's that trains an architecture.

    Args:
        source: `package.module:function` or `path/to/file.py:function`; it takes the architecture's text and returns
            its accuracy.

    Raises:
        NetworkSourceError: If there is no such function.
    """
    place, _, name = source.rpartition(":")
    if not place or not name:
        raise NetworkSourceError(f"{source!r} names no function; write my_module:train or path/to/file.py:train")
    found = user_attribute(place, name)
    if not callable(found):
        raise NetworkSourceError(f"{name} of {place} is no function; name one that takes an architecture's text")
    function: Callable[[str], float] = found
    return function


def guide_of(source_tables: Path | None, target: AccuracyTable | None, *, seed: int) -> UpperConfidenceBound:
    """Return the guide: with the prior of all tasks of an archive but the target, or with the pre-trained one.

    Raises:
        TableError: If the archive cannot be read, or holds the target alone.
        BundleError: If the pre-trained predictor is damaged.
    """
    if source_tables is None:
        return UpperConfidenceBound(load_shipped())
    same_file = target is not None and Path(target.path).resolve() == source_tables.resolve()
    names = [name for name in task_names(source_tables) if not (target and same_file and name == target.task)]
    return UpperConfidenceBound(
        DefaultAccuracy.fit_sources([load_task(source_tables, name) for name in names], seed=seed)
    )
