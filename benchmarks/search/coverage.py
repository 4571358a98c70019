"""How many latencies of networks that a search did not measure lie inside their 90 % intervals at its end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeprof_predictor.methods.base import PlatformPredictor
from edgeprof_predictor.metrics import interval_coverage
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.search.procedure import Search
from edgeprof_predictor.spaces import FloatArray


def coverages_after(
    search: Search, latency_ms: FloatArray, adapt: Callable[[Samples], PlatformPredictor]
) -> dict[str, float | None]:
    """Return the coverage of the search's own posterior, and that of a predictor adapted anew to all that it measured.

    Args:
        search: After its run.
        latency_ms: True latencies of its candidates.
        adapt: Returns a predictor from the search's measurements.

    Shapes:
        latency_ms: `n`.
    """
    knowledge = search.knowledge
    prediction, is_scored = knowledge.prediction(), ~knowledge.is_measured()
    if prediction is None or not is_scored.any():
        return {"search_coverage": None, "fresh_coverage": None}
    space, measured = knowledge.pool.space, knowledge.state.latencies
    samples = Samples.none(space)
    if measured:
        choices = space.choices([space.parse(text) for text in measured])
        samples = Samples.of(choices, np.array([one.latency_ms for one in measured.values()]))
    fresh = adapt(samples).predict(knowledge.pool.candidates.choices)
    return {
        name: interval_coverage(latency_ms[is_scored], found.lower_ms[is_scored], found.upper_ms[is_scored])
        for name, found in (("search_coverage", prediction), ("fresh_coverage", fresh))
    }
