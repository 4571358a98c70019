"""A table's integer columns as a search space of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, Architecture, ChoiceArray
from edgeprof_predictor.spaces.categorical import OPTION_COUNT_MAX, CategoricalSpace


class TableSpace(CategoricalSpace):
    """A search space of integer columns: one decision a column, its options the distinct values of the column.

    Resolutions of 128 to 224 are options as well as numbers from 0 on. Architectures are written with the values.

    Args:
        name: Name of the space.
        column_values: The values of each of the `l` columns, ascending.

    Raises:
        EncodingError: If there is no column, or one has more than `OPTION_COUNT_MAX` values.
    """

    def __init__(self, name: str, column_values: Sequence[Sequence[int]]) -> None:
        for index, values in enumerate(column_values):
            if len(values) > OPTION_COUNT_MAX:
                raise EncodingError(
                    f"{name}: column {index} has {len(values)} distinct values, a decision at most {OPTION_COUNT_MAX} "
                    f"options; leave the column out if it numbers the architectures, else round its values"
                )
        super().__init__(name, [len(values) for values in column_values])
        self.column_values: Final = tuple(tuple(map(int, values)) for values in column_values)

    @classmethod
    def of_columns(cls, name: str, columns: NDArray[np.int64]) -> TableSpace:
        """Return the space of the values that occur in a table: `n x l`."""
        return cls(name, [np.unique(column).tolist() for column in columns.T])

    def number_columns(self, values: ArrayLike) -> ChoiceArray:
        """Return the choices that values stand for: `n x l` to `n x l`.

        Raises:
            EncodingError: If the shape is wrong, or a value is none of its column's.
        """
        given = np.asarray(values)
        if given.ndim != 2 or given.shape[1] != len(self.column_values) or given.dtype.kind not in "iu":
            raise EncodingError(
                f"architectures of {self.name} must be integers, n x {len(self.column_values)}, "
                f"got {given.dtype} of shape {given.shape}"
            )
        choices = np.zeros(given.shape, dtype=CHOICE_TYPE)
        for index, known in enumerate(self.column_values):
            found = np.minimum(np.searchsorted(known, given[:, index]), len(known) - 1)
            is_unknown = np.array(known)[found] != given[:, index]
            if is_unknown.any():
                raise EncodingError(
                    f"{given[is_unknown, index][0]} is no value of column {index} of {self.name}; {_listed(known)}"
                )
            choices[:, index] = found
        return choices

    def format(self, architecture: Architecture) -> str:
        """Return the values of an architecture, joined by commas."""
        self.check(architecture)
        pairs = zip(self.column_values, architecture.choices, strict=True)
        return ",".join(str(values[choice]) for values, choice in pairs)

    def parse(self, text: str) -> Architecture:
        """Return the architecture of values joined by commas.

        Raises:
            ArchitectureError: If the text names no architecture, with a right example.
        """
        try:
            numbers = np.array([[int(value) for value in text.split(",")]], dtype=np.int64)
            (choices,) = self.number_columns(numbers).tolist()
        except (ValueError, OverflowError):
            raise self.notation_error(text, "values are integers joined by commas") from None
        except EncodingError as error:
            raise self.notation_error(text, str(error)) from None
        return Architecture(space=self.name, choices=tuple(choices))


def _listed(values: Sequence[int]) -> str:
    if len(values) > 12:
        return f"it has {len(values)} values from {values[0]} to {values[-1]}"
    return f"its values are {', '.join(map(str, values))}"
