"""Methods that can read any encoding; by default the decisions."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from edgeprof_predictor.encodings import Encoding, Vec
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.single_platform import SinglePlatformRegressor
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

EncodedMethodType = TypeVar("EncodedMethodType", bound="EncodedMethod")
EncodedRegressorType = TypeVar("EncodedRegressorType", bound="EncodedRegressor")


class EncodedMethod(Method):
    """A method that reads architectures through an encoding. `with_encoding` makes subclasses that read another."""

    given_encoding: ClassVar[Encoding | None] = None
    """What it reads; None for the decisions."""

    @classmethod
    def encoding_for(cls, space: CategoricalSpace) -> Encoding:
        """Return the encoding that the method reads on a search space."""
        return cls.given_encoding or Vec(space)


class EncodedRegressor(EncodedMethod, SinglePlatformRegressor):
    """A regressor over an encoding, fitted to one platform's samples; the sources give the normalisation alone."""

    def __init__(self, space: CategoricalSpace, platforms: tuple[str, ...]) -> None:
        super().__init__(space, platforms)
        self.encoding = self.encoding_for(space)

    @classmethod
    def fit_sources(
        cls: type[EncodedRegressorType], space: CategoricalSpace, sources: LatencyTable, *, seed: int
    ) -> EncodedRegressorType:
        """Normalise the encoding; there is nothing else to learn."""
        method = cls(space, sources.platforms)
        method.encoding = method.encoding.fitted(sources.choices)
        return method


def with_encoding(method: type[EncodedMethodType], encoding: Encoding, *, name: str) -> type[EncodedMethodType]:
    """Return the method on another encoding.

    Args:
        method: What to change.
        encoding: Must know every architecture that the method meets.
        name: Of the new method.
    """
    title = "".join(part.title() for part in name.split("-"))
    return type(title, (method,), {"name": name, "given_encoding": encoding})
