"""The interface of all encodings: architectures to rows of numbers that a predictor reads."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

ENCODING_PARTS: Final = {
    "vec": ("vec",),
    "zcp": ("zcp",),
    "hwl": ("hwl",),
    "zcpvec": ("zcp", "vec"),
    "hwlvec": ("hwl", "vec"),
    "hwlzcp": ("hwl", "zcp"),
    "hwlzcpvec": ("hwl", "zcp", "vec"),
}
"""All encodings by name, and the parts that each is made of: decisions (vec), zero-cost proxies (zcp), latencies on
reference platforms (hwl). Those without vec are the same for every search space."""


class Encoding(ABC):
    """Architectures of one search space as numbers.

    Letters: `n` architectures, `l` decisions, `d` width of the encoding.

    Args:
        name: In lower case, as methods and tables show it.
        columns: What each of the `d` numbers is: a proxy, a reference platform, an option of a decision.
    """

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self.name: Final = name
        self.columns: Final = tuple(columns)

    @property
    def width(self) -> int:
        """Numbers of an architecture: `d`."""
        return len(self.columns)

    @abstractmethod
    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the encodings of architectures: `n x l` to `n x d`.

        Raises:
            EncodingError: If an architecture has no encoding.
        """

    def fitted(self, choices: ChoiceArray) -> Encoding:
        """Return the encoding with its normalisation learned on the architectures of the source, `n x l`, alone.

        The decisions need none.

        Raises:
            EncodingError: If an architecture has no encoding.
        """
        return self

    def require(self, columns: Sequence[str]) -> None:
        """Refuse what was learned on other columns: another proxy, another reference platform.

        Raises:
            EncodingError: If the columns are not these, in this order.
        """
        if self.columns == tuple(columns):
            return
        missing = [name for name in columns if name not in self.columns]
        surplus = [name for name in self.columns if name not in columns]
        parts = [
            *([f"lacks {', '.join(missing)}"] if missing else []),
            *([f"has {', '.join(surplus)} besides"] if surplus else []),
        ]
        raise EncodingError(
            f"the predictor reads {', '.join(columns)} in this order; the {self.name} encoding "
            f"{' and '.join(parts) or 'has another order'}"
        )


class Vec(Encoding):
    """The decisions themselves, one-hot.

    Args:
        space: The search space.

    Source:
        Vec of Multi-Predict, section 3.2.
    """

    def __init__(self, space: CategoricalSpace) -> None:
        options = [f"{index}={option}" for index, count in enumerate(space.choice_counts) for option in range(count)]
        super().__init__("vec", options)
        self._space = space

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the one-hot encodings: `n x l` to `n x d`."""
        return self._space.one_hot(choices)


class Union(Encoding):
    """Several encodings side by side: the decisions first, then the scores in the order given.

    Args:
        parts: Two or more; their names make that of the union: `zcpvec`, `hwlvec`, `hwlzcp`.

    Raises:
        EncodingError: If a part is empty.

    Source:
        ZCPVec and HWLVec of Multi-Predict, section 4; R of section 3.3 may hold latencies and proxies alike.
    """

    def __init__(self, *parts: Encoding) -> None:
        scores = [part for part in parts if not isinstance(part, Vec)]
        decisions = [part for part in parts if isinstance(part, Vec)]
        for part in parts:
            if not part.width:
                raise EncodingError(f"{part.name} is empty, so there is nothing to join")
        self._parts: Final = (*decisions, *scores)
        super().__init__(
            "".join(part.name for part in (*scores, *decisions)),
            [column for part in self._parts for column in part.columns],
        )

    def fitted(self, choices: ChoiceArray) -> Union:
        """Return the union of parts that are each normalised by these architectures."""
        return Union(*(part.fitted(choices) for part in self._parts))

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return all encodings side by side: `n x l` to `n x d`."""
        return np.concatenate([part.encode(choices) for part in self._parts], axis=1)


def make_encoding(name: str, space: CategoricalSpace, scores: Callable[[str], Encoding]) -> Encoding:
    """Return the encoding of this name.

    Args:
        name: One of `ENCODING_PARTS`.
        space: The search space.
        scores: Gives the part `zcp` or `hwl`; asked for only where the name holds it.

    Raises:
        EncodingError: If there is no such encoding, with the nearest names.
    """
    if name not in ENCODING_PARTS:
        near = difflib.get_close_matches(name, ENCODING_PARTS, n=2) or list(ENCODING_PARTS)
        raise EncodingError(f"there is no encoding {name!r}; try {' or '.join(near)}")
    parts = [Vec(space) if part == "vec" else scores(part) for part in ENCODING_PARTS[name]]
    return parts[0] if len(parts) == 1 else Union(*parts)
