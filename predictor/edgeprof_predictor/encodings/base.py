"""The seam of all encodings: architectures to rows of numbers that a network reads."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray


class Encoding(ABC):
    """Architectures as numbers.

    Letters: `n` architectures, `l` decisions, `d` width of the encoding.

    Args:
        name: In lower case, as methods and tables show it.
        width: `d`.
    """

    def __init__(self, name: str, width: int) -> None:
        self.name = name
        self.width = width

    @abstractmethod
    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the encodings of architectures: `n x l` to `n x d`.

        Raises:
            EncodingError: If an architecture has no encoding.
        """


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
    """Two encodings side by side, the decisions first.

    Args:
        vec: The decisions.
        scores: What was computed or measured; gives the union its name: `zcpvec`, `hwlvec`.

    Source:
        ZCPVec and HWLVec of Multi-Predict, section 4.
    """

    def __init__(self, vec: Vec, scores: Encoding) -> None:
        if not scores.width:
            raise EncodingError(f"{scores.name} is empty, so there is nothing to join to {vec.name}")
        super().__init__(f"{scores.name}{vec.name}", vec.width + scores.width)
        self._parts = (vec, scores)

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return both encodings side by side: `n x l` to `n x d`."""
        return np.concatenate([part.encode(choices) for part in self._parts], axis=1)
