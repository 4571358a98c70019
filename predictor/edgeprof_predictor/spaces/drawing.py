"""Number and draw combinations of choices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, ChoiceArray


def numbered_choices(numbers: NDArray[np.int64], choice_counts: tuple[int, ...]) -> ChoiceArray:
    """Return the combinations with these numbers, the last decision changing fastest: `n` to `n x l`."""
    return np.stack(np.unravel_index(numbers, choice_counts), axis=1).astype(CHOICE_TYPE)


def draw_distinct(
    choice_counts: tuple[int, ...],
    is_valid: Callable[[ChoiceArray], NDArray[np.bool_]],
    count: int,
    generator: np.random.Generator,
) -> ChoiceArray:
    """Draw distinct valid combinations, each as likely as any other, from a space too large to number.

    Args:
        choice_counts: Options of each of the `l` decisions.
        is_valid: Tells which of `n x l` choices are architectures.
        count: How many; the space must hold far more.
        generator: Draws them.

    Shapes:
        returns: `count x l`.
    """
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < count:
        rows = generator.integers(0, choice_counts, (count - len(drawn), len(choice_counts))).astype(CHOICE_TYPE)
        drawn.update(dict.fromkeys(map(tuple, rows[is_valid(rows)].tolist())))
    return np.array(list(drawn), dtype=CHOICE_TYPE).reshape(count, len(choice_counts))
