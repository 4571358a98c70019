"""A table of a dozen cells, and a profile of a platform from a few samples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray, get_space

SPACE = get_space("nasbench201")
TASK = "nasbench201/small"


def cells(count: int = 12) -> ChoiceArray:
    """Cells that differ, none of them without a path."""
    drawn = SPACE.sample_choices(4 * count, seed=5)
    return drawn[SPACE.is_connected(drawn)][:count]


def operations(choices: ChoiceArray) -> FloatArray:
    """Arithmetic of each cell, which is its latency in microseconds and determines its accuracy."""
    costs = SPACE.costs(choices)
    assert costs is not None
    return costs.totals[:, 0]


def write_table(path: Path) -> Path:
    """Accuracies of the cells, the larger ones being better, beside a second task with the same ones."""
    choices = cells()
    size = np.log1p(operations(choices))
    arrays: dict[str, np.ndarray] = {}
    for task in (TASK, "nasbench201/other"):
        arrays |= {
            f"{task}/arch": np.array([SPACE.format(item) for item in SPACE.architectures(choices)]),
            f"{task}/val_accuracy": size,
            f"{task}/proxy": np.array(["flops", "nwot"]),
            f"{task}/score": np.stack([size, np.sqrt(size)], axis=1),
        }
    np.savez(path, **arrays)
    return path


def profile_of(latency_ms: FloatArray, platform: Mapping[str, str]) -> Profile:
    """The profile that the first cells' latencies leave."""
    samples = Samples.of(cells()[: len(latency_ms)], latency_ms)
    predictor = load_bundle("nasbench201").method.adapt(samples, seed=0)
    return Profile(predictor=predictor, platform=platform, provenance={})
