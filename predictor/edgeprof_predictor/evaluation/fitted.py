"""A method that is fitted already, as an evaluation compares it with others."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

BUNDLE: Final = "bundle"
"""Name of the method that a bundle holds."""


def fitted(method: Method) -> type[Method]:
    """Return a class whose fit is a method that is fitted already; it sees none of the sources of the evaluation.

    Args:
        method: As a bundle holds it.
    """

    class Fitted(type(method)):  # type: ignore[misc]
        """The method of a bundle."""

        name: ClassVar[str] = BUNDLE
        learns_from_sources: ClassVar[bool] = False
        source_platforms: ClassVar[tuple[str, ...]] = method.platforms

        @classmethod
        def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable | None, *, seed: int, **_: Any) -> Method:
            """Return the method."""
            if space.name != method.space.name:
                raise TableError(f"the bundle is of {method.space.name}, the table of {space.name}")
            return method

    return Fitted
