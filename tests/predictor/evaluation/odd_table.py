"""A table as a stranger may have it: integers, columns of different counts, no class that knows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgeprof_predictor.spaces import CategoricalSpace, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

ODD_SPACE = CategoricalSpace("odd", (2, 3, 4, 5, 6, 2, 3))
PLATFORMS = tuple(f"board_{index}" for index in range(6))


def odd_table(architecture_count: int = 300, *, is_whole_ms: bool = False) -> LatencyTable:
    """Latencies that add up over the columns, with prices between those of two machines.

    Args:
        architecture_count: Rows.
        is_whole_ms: Whether the clock counts whole milliseconds.
    """
    generator = np.random.default_rng(5)
    choices = ODD_SPACE.sample_choices(architecture_count, seed=1)
    first, second = generator.uniform(0.2, 4.0, (2, sum(ODD_SPACE.choice_counts)))
    mix: FloatArray = np.linspace(0.0, 1.0, len(PLATFORMS))[:, None]
    latency_ms = 2.0 + ((1.0 - mix) * first + mix * second) @ ODD_SPACE.one_hot(choices).T
    latency_ms = (0.3 if is_whole_ms else 1.0) * latency_ms * np.exp(0.01 * generator.standard_normal(latency_ms.shape))
    return LatencyTable(
        platforms=PLATFORMS,
        choices=choices,
        latency_ms=np.maximum(np.round(latency_ms), 1.0) if is_whole_ms else latency_ms,
    )


def write_odd_table(path: Path, table: LatencyTable | None = None, **arrays: object) -> Path:
    """Write the table as an archive; arrays given by name replace or join its own."""
    table = odd_table() if table is None else table
    own = {"arch": table.choices, "device": np.array(table.platforms), "latency_ms": table.latency_ms}
    np.savez(path, **(own | arrays))  # type: ignore[arg-type]
    return path
