"""A table of accuracies in place of training: its architectures are the candidates, its accuracies the answers."""

from __future__ import annotations

import os

from edgeprof_predictor.accuracy.tables import load_task
from edgeprof_predictor.accuracy.task import AccuracyTask
from edgeprof_predictor.errors import SearchError
from edgeprof_predictor.search.pool import Pool
from edgeprof_predictor.spaces import CategoricalSpace


def load_search_task(path: str | os.PathLike[str], name: str, space: CategoricalSpace) -> AccuracyTask:
    """Read a task to search in.

    Raises:
        SearchError: If the task is of another search space.
        TableError, UnknownTaskError: As `load_task`.
    """
    task = load_task(path, name)
    if task.space != space.name:
        raise SearchError(
            f"{name} holds architectures of {task.space}, and the search is in {space.name}: name its task"
        )
    return task


class TableLookup:
    """Looks accuracies up.

    Args:
        task: The table.
        space: Its search space.
    """

    def __init__(self, task: AccuracyTask, space: CategoricalSpace) -> None:
        self.pool = Pool(space, task.candidates)
        self._accuracy = dict(zip(self.pool.architectures, task.accuracy.tolist(), strict=True))

    def __call__(self, architecture: str) -> float:
        """Return the accuracy of an architecture of the table."""
        accuracy: float = self._accuracy[architecture]
        return accuracy
