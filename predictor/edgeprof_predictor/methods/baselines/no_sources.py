"""The default method as it is where no platform was ever measured: what the sources are worth."""

from __future__ import annotations

from typing import Any, ClassVar

from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


class NoSources(DefaultMethod):
    """The default method with costs alone as prior."""

    name: ClassVar[str] = "no-sources"

    @classmethod
    def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int, **_: Any) -> DefaultMethod:
        """Return the method of the space; no latency of a source is read."""
        return cls.without_sources(space, seed=seed)
