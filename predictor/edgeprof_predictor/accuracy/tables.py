"""Read tables of accuracies and proxies: what was trained for each SPACE/TASK, and what it reached."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor._nearest_names import nearest_names
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates
from edgeprof_predictor.errors import ArchitectureError, SameTaskError, TableError, UnknownTaskError
from edgeprof_predictor.spaces import CHOICE_TYPE, SPACE_NAMES, ChoiceArray, get_space
from edgeprof_predictor.spaces.categorical import OPTION_COUNT_MAX
from edgeprof_predictor.tables.published import array_names, read_arrays

PARTS: Final = ("arch", "val_accuracy", "proxy", "score")
"""What the archive holds of each task, behind SPACE/TASK/."""

CHOICE_MAX: Final = OPTION_COUNT_MAX - 1


def task_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of all tasks of an archive: SPACE/TASK, each.

    Raises:
        TableError: If the file cannot be read or holds no task.
    """
    names = tuple(dict.fromkeys(name.rpartition("/")[0] for name in array_names(path) if name.count("/") >= 2))
    if not names:
        raise TableError(f"{path} holds no task; its arrays must be named SPACE/TASK/{{{','.join(PARTS)}}}")
    return names


def load_task(path: str | os.PathLike[str], name: str) -> AccuracyTask:
    """Read one task.

    Architectures without a finite accuracy are left out: they were not trained, or their training failed.

    Args:
        path: The `.npz` archive.
        name: `SPACE/TASK`.

    Raises:
        UnknownTaskError: If the archive has no such task.
        TableError: If the file cannot be read, or an array of the task is missing or of the wrong shape.
    """
    known = task_names(path)
    if name not in known:
        raise UnknownTaskError(f"{path} has no task {name!r}; {_nearest(name, known)}")
    parts = read_arrays(path, *(f"{name}/{part}" for part in PARTS))
    architectures, accuracy, proxies, scores = parts
    where = f"{path}, {name}"
    if proxies.ndim != 1 or proxies.dtype.kind != "U" or not len(proxies):
        raise TableError(f"{where}: proxy must be a list of names, got shape {proxies.shape} of {proxies.dtype}")
    for part, array, dimensions in (("val_accuracy", accuracy, 1), ("score", scores, 2)):
        if array.dtype.kind not in "iuf" or array.ndim != dimensions:
            raise TableError(
                f"{where}: {part} must be numbers in {dimensions} dimensions, got shape {array.shape} of {array.dtype}"
            )
    if len(architectures) != len(accuracy):
        raise TableError(f"{where}: {len(architectures)} architectures but {len(accuracy)} accuracies")
    candidates = Candidates(
        space=name.partition("/")[0],
        choices=_choices(architectures, name.partition("/")[0], where),
        proxies=tuple(proxies.tolist()),
        scores=scores.astype(np.float64),
    )
    finite = np.isfinite(accuracy.astype(np.float64))
    if not finite.any():
        raise TableError(f"{where}: no accuracy is finite")
    kept = np.flatnonzero(finite)
    return AccuracyTask(name=name, candidates=candidates.subset(kept), accuracy=accuracy.astype(np.float64)[kept])


def load_tasks(
    path: str | os.PathLike[str], *, sources: Sequence[str], target: str
) -> tuple[tuple[AccuracyTask, ...], AccuracyTask]:
    """Read source tasks and the target.

    Args:
        path: The `.npz` archive.
        sources: Names of the source tasks.
        target: Name of the target, none of the sources.

    Raises:
        SameTaskError: If the target is among the sources, or a source is named twice.
        UnknownTaskError: If the archive lacks one.
        TableError: If the file cannot be read, or a task of it cannot be used.
    """
    if target in sources:
        raise SameTaskError(f"{target} is both source and target: nothing would be left to predict; name another")
    repeated = [name for name in dict.fromkeys(sources) if list(sources).count(name) > 1]
    if repeated:
        raise SameTaskError(f"the source {repeated[0]} is named more than once")
    return tuple(load_task(path, name) for name in sources), load_task(path, target)


def _nearest(name: str, known: Iterable[str]) -> str:
    known = tuple(known)
    return nearest_names(name, known, cutoff=0.4) or f"the known ones are {', '.join(known)}"


def _choices(architectures: NDArray[np.generic], space_name: str, where: str) -> ChoiceArray:
    """Return decisions as integers: columns as they are, texts of a space we know by its notation, lists flattened."""
    if architectures.dtype.kind in "iu" and architectures.ndim == 2:
        rows = architectures.astype(np.int64)
    elif architectures.dtype.kind == "U" and architectures.ndim == 1:
        texts = architectures.tolist()
        known = _known_choices(texts, space_name)
        if known is not None:
            return known
        rows = _flattened(texts, where)
    else:
        raise TableError(
            f"{where}: arch must be texts or a matrix of integers, "
            f"got shape {architectures.shape} of {architectures.dtype}"
        )
    if rows.min(initial=0) < 0 or rows.max(initial=0) > CHOICE_MAX:
        raise TableError(f"{where}: choices must lie between 0 and {CHOICE_MAX}")
    return rows.astype(CHOICE_TYPE)


def _known_choices(texts: Sequence[str], space_name: str) -> ChoiceArray | None:
    """Return the choices of texts that are all rows of a registered space; None where they are not."""
    if space_name not in SPACE_NAMES:
        return None
    space = get_space(space_name)
    try:
        return space.choices([space.parse_row(text) for text in texts])
    except ArchitectureError:
        # Lists of integers need no space: a table may number its decisions in a way of its own.
        return None


def _flattened(texts: Sequence[str], where: str) -> NDArray[np.int64]:
    """Return nested lists of integers, written as Python does, as one row each."""
    rows: list[list[int]] = []
    for text in texts:
        try:
            row = list(_leaves(ast.literal_eval(text)))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise TableError(
                f"{where}: {text[:80]!r} is no list of integers and no notation of a known search space"
            ) from None
        if rows and len(row) != len(rows[0]):
            raise TableError(f"{where}: {text[:80]!r} has {len(row)} decisions, the first architecture {len(rows[0])}")
        rows.append(row)
    return np.array(rows, dtype=np.int64)


def _leaves(value: object) -> Iterable[int]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, int):
        yield value
    else:
        raise ValueError(f"{value!r} is no integer")
