"""A small search space with platforms whose latency model is known."""

from __future__ import annotations

import numpy as np

from edgeprof_predictor.spaces import CategoricalSpace, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

SPACE = CategoricalSpace("small", (4, 4, 4, 4))


def table(platform_count: int = 6) -> LatencyTable:
    """Latencies that add up over decisions; neighbouring platforms price options alike."""
    generator = np.random.default_rng(0)
    choices = SPACE.sample_choices(SPACE.size, seed=0)
    first, second = generator.uniform(0.5, 4.0, (2, sum(SPACE.choice_counts)))
    mix: FloatArray = np.linspace(0.0, 1.0, platform_count)[:, None]
    prices = (1.0 - mix) * first + mix * second
    return LatencyTable(
        platforms=tuple(f"platform_{index}" for index in range(platform_count)),
        choices=choices,
        latency_ms=2.0 + prices @ SPACE.one_hot(choices).T,
    )
