"""An upper bound: the best source platform, chosen with the new platform's whole table."""

from __future__ import annotations

from typing import ClassVar

from edgeprof_predictor.errors import SamplesError
from edgeprof_predictor.methods.baselines.nearest import Nearest
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.samples import Samples


class Oracle(Nearest):
    """The source with the highest rank correlation over the whole table of the new platform.

    No method may see that table. An evaluation passes it by `reveal` and marks the score as an upper bound; without
    `reveal`, `adapt` raises.
    """

    name: ClassVar[str] = "oracle"

    _truth: Samples | None = None

    def reveal(self, truth: Samples) -> None:
        """Set the latencies of the platform that is adapted to next.

        Args:
            truth: All of its table, not just samples.
        """
        self._truth = truth

    def choose_source(self, samples: Samples) -> tuple[str | None, float]:
        """Return the best source and its rank correlation.

        Raises:
            SamplesError: If `reveal` was not called.
        """
        if self._truth is None:
            raise SamplesError("the oracle needs the platform's whole table; call reveal before adapt")
        correlations = [spearman(self._truth.latency_ms, row) for row in self.source_latencies(self._truth.choices)]
        best = correlations.index(max(correlations))
        return self.platforms[best], correlations[best]
