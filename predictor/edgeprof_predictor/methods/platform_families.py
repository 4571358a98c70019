"""Sources that are alike: left out together, so that no twin makes a left-out platform look easy."""

from __future__ import annotations

import logging
from typing import Final

import numpy as np

from edgeprof_predictor.tables.latency_table import LatencyTable

logger = logging.getLogger(__name__)

FAMILY_CORRELATION: Final = 0.985
"""Sources whose log latencies correlate better are one family."""


def families(sources: LatencyTable) -> list[tuple[str, ...]]:
    """Return the sources in groups that are alike, directly or through others."""
    from scipy.sparse.csgraph import connected_components  # an import that only a fit needs

    correlation = np.atleast_2d(np.corrcoef(np.log(sources.latency_ms)))
    count, labels = connected_components(correlation > FAMILY_CORRELATION, directed=False)
    return [
        tuple(name for name, label in zip(sources.platforms, labels.tolist(), strict=True) if label == family)
        for family in range(count)
    ]


def left_out_families(sources: LatencyTable) -> list[tuple[str, ...]]:
    """Return the families that can be left out in turn; none, with a warning, where all sources are one family.

    Without its only family a prior would know no source, and with it a platform would be tested on itself.
    """
    found = families(sources)
    if len(found) > 1:
        return found
    logger.warning(
        "%s: no source can be left out, because all of them are alike (log latencies correlate above %g); intervals "
        "and expected errors are those of any platform, not learned from the sources; add a platform of another kind",
        ", ".join(sources.platforms),
        FAMILY_CORRELATION,
    )
    return []
