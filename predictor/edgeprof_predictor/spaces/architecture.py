"""One architecture of a search space, and the arrays of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import ArchitectureError

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
