"""The seam of all encodings: architectures to rows of numbers that a network reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray


class Encoding(ABC):
    """Architectures as numbers.

    Letters: `n` architectures, `l` decisions, `d` width of the encoding.

    Args:
        name: In lower case, as methods and tables show it.
        width: `d`.
        columns: Names of proxies or reference platforms, which a predictor needs again; none for decisions.
    """

    def __init__(self, name: str, width: int, columns: Sequence[str] = ()) -> None:
        self.name = name
        self.width = width
        self.columns = tuple(columns)

    @abstractmethod
    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the encodings of architectures: `n x l` to `n x d`.

        Raises:
            EncodingError: If an architecture has no encoding.
        """

    def fitted(self, choices: ChoiceArray) -> Encoding:
        """Return the encoding with its normalisation learnt on source architectures, `n x l`, and on nothing else."""
        return self

    def check_columns(self, needed: Sequence[str]) -> None:
        """Refuse to serve a predictor that was fitted on other columns.

        Raises:
            EncodingError: If names or their order differ.
        """
        if self.columns != tuple(needed):
            raise EncodingError(
                f"the predictor needs the columns {', '.join(needed) or 'none'} of {self.name}, in this order; "
                f"the encoding has {', '.join(self.columns) or 'none'}"
            )


class Vec(Encoding):
    """The decisions themselves, one-hot.

    Args:
        space: The search space.

    Source:
        Vec of Multi-Predict, section 3.2.
    """

    def __init__(self, space: CategoricalSpace) -> None:
        super().__init__("vec", sum(space.choice_counts))
        self._space = space

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the one-hot encodings: `n x l` to `n x d`."""
        return self._space.one_hot(choices)


class Union(Encoding):
    """Encodings side by side.

    Args:
        first: The decisions, or scores.
        second: Other scores. The union's name is that of all scores and then `vec`: `zcpvec`, `hwlvec`, `hwlzcp`.

    Raises:
        EncodingError: If one holds nothing.

    Source:
        ZCPVec, HWLVec and their like of Multi-Predict, section 4.
    """

    def __init__(self, first: Encoding, second: Encoding) -> None:
        for part, other in ((first, second), (second, first)):
            if not part.width:
                raise EncodingError(f"{part.name} is empty, so there is nothing to join to {other.name}")
        names = [part.name for part in (first, second) if not isinstance(part, Vec)]
        with_vec = len(names) < 2
        super().__init__(
            "".join(names) + "vec" * with_vec, first.width + second.width, (*first.columns, *second.columns)
        )
        self._parts = (first, second)

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return both encodings side by side: `n x l` to `n x d`."""
        return np.concatenate([part.encode(choices) for part in self._parts], axis=1)

    def fitted(self, choices: ChoiceArray) -> Union:
        """Return the union of both, each normalised by these architectures."""
        return Union(self._parts[0].fitted(choices), self._parts[1].fitted(choices))
