"""What both search spaces of TransNAS-Bench-101 share: tasks, sizes, and rows of published tables."""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgeprof_predictor.errors import ArchitectureError, EncodingError, UnknownSearchSpaceError
from edgeprof_predictor.spaces.architecture import Architecture
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.transnas.geometry import SIDE_STEP, TASKS, Task

_ROW: Final = re.compile(r"\(\s*\d(\s*,\s*\d)*\s*\)")


class TransNAS(SearchSpace, ABC):
    """A search space of TransNAS-Bench-101, for one of its tasks.

    A network for `jigsaw` reads nine tiles, one behind the other in the channels of its input; one for
    `autoencoder` or `normal` outputs an image.

    Args:
        name: Name of the space.
        choice_counts: Options of each decision.
        task: One of `TASKS`.
        class_count: Number of classes; None for the published one.
        side: Height and width of an image or a tile, a multiple of 64; None for the published one.
        size: Architectures, where not all choices go together.

    Raises:
        UnknownSearchSpaceError: If there is no such task.
        EncodingError: If the side is no multiple of 64, or the number of classes does not fit the task.
    """

    def __init__(
        self,
        name: str,
        choice_counts: Sequence[int],
        *,
        task: str,
        class_count: int | None,
        side: int | None,
        size: int | None = None,
    ) -> None:
        self.task: Final = _task(name, task, class_count=class_count, side=side)
        super().__init__(
            name,
            choice_counts,
            input_shape=(3 * self.task.tile_count, self.task.side, self.task.side),
            output_shape=(3, self.task.side, self.task.side) if self.task.is_dense else (self.task.class_count,),
            size=size,
        )

    def parse_row(self, text: str) -> Architecture:
        """Return the architecture of a row of a published table, whose text are its decisions: `(1, 2, 4, 2, 0, 0)`.

        Args:
            text: Digits in brackets, or the notation of this space.

        Raises:
            ArchitectureError: If the text names no architecture, with a right example.
        """
        if not _ROW.fullmatch(text.strip()):
            return self.parse(text)
        return self.architecture_of_digits(text, re.findall(r"\d", text))

    def architecture_of_digits(self, text: str, digits: Sequence[str]) -> Architecture:
        """Return the architecture whose decisions are these digits.

        Args:
            text: Where they stood, for the error.
            digits: One for each decision.

        Raises:
            ArchitectureError: If they are no architecture, with a right example.
        """
        architecture = Architecture(space=self.name, choices=tuple(map(int, digits)))
        try:
            self.check(architecture)
        except ArchitectureError as error:
            raise self.notation_error(text, str(error)) from None
        return architecture


def _task(space_name: str, task_name: str, *, class_count: int | None, side: int | None) -> Task:
    if task_name not in TASKS:
        raise UnknownSearchSpaceError(
            f"{space_name} knows no task {task_name!r}; the known ones are {', '.join(TASKS)}"
        )
    task = TASKS[task_name]
    if class_count is not None:
        if task.is_dense:
            raise EncodingError(f"{space_name}: {task_name} asks for an image and has no classes, got {class_count}")
        if class_count < 1:
            raise EncodingError(f"{space_name}: {task_name} needs at least one class, got {class_count}")
        task = replace(task, class_count=class_count)
    if side is not None:
        if side < SIDE_STEP or side % SIDE_STEP:
            raise EncodingError(f"{space_name}: the side must be a multiple of {SIDE_STEP}, got {side}")
        task = replace(task, side=side)
    return task
