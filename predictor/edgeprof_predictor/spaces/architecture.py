"""One architecture of a search space, and the arrays of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.errors import ArchitectureError, EncodingError

CHOICE_TYPE: Final = np.int16
"""NumPy's type of choices; `categorical.OPTION_COUNT_MAX` options fit."""

ChoiceArray = NDArray[np.int16]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One point of a search space.

    Args:
        space: Name of the search space.
        choices: Index of the option taken, for each decision of the space.

    Raises:
        ArchitectureError: If there is no choice, or one is no index.
    """

    space: str
    choices: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.choices or min(self.choices) < 0:
            raise ArchitectureError(f"an architecture of {self.space} needs choices >= 0, got {self.choices}")


def check_each_choice(architecture: Architecture, space: str, choice_counts: Sequence[int]) -> None:
    """Refuse an architecture of another space, or with a choice that its decision has not.

    Args:
        architecture: The architecture.
        space: Name of the space.
        choice_counts: Options of each decision of the space.

    Raises:
        ArchitectureError: If its space, its length or a choice is wrong.
    """
    if architecture.space != space:
        raise ArchitectureError(f"expected an architecture of {space}, got one of {architecture.space}")
    if len(architecture.choices) != len(choice_counts):
        raise ArchitectureError(
            f"an architecture of {space} has {len(choice_counts)} choices, got {len(architecture.choices)}"
        )
    for index, (choice, count) in enumerate(zip(architecture.choices, choice_counts, strict=True)):
        if choice >= count:
            raise ArchitectureError(f"choice {index} of {space} must be below {count}, got {choice}")


def checked_choices(choices: ArrayLike, space: str, choice_counts: Sequence[int]) -> ChoiceArray:
    """Return choices as a checked matrix.

    Args:
        choices: `n x l`, integers.
        space: Name of the space.
        choice_counts: Options of each of its `l` decisions.

    Raises:
        EncodingError: If the shape is wrong, or a number is no option of its decision.
    """
    given = np.asarray(choices)
    if given.ndim != 2 or given.shape[1] != len(choice_counts):
        raise EncodingError(f"choices of {space} must be n x {len(choice_counts)}, got shape {given.shape}")
    if given.dtype.kind not in "iu":
        raise EncodingError(f"choices of {space} must be integers, got {given.dtype}")
    # Compared before the cast, which would wrap a number that is too large around to a legal one.
    if np.any(given < 0) or np.any(given >= np.array(choice_counts)):
        raise EncodingError(
            f"choices of {space} must lie between 0 and the option counts {tuple(choice_counts)}, "
            f"got {given.min()} to {given.max()}"
        )
    return given.astype(CHOICE_TYPE)
