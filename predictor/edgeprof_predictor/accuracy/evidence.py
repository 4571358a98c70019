"""Learn the scales of the kernels from source tasks: those under which their accuracies were most likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from edgeprof_predictor.accuracy.features import Features
from edgeprof_predictor.accuracy.kernel import JITTER, Pairs, Scales, covariance
from edgeprof_predictor.network import one_thread
from edgeprof_predictor.spaces import FloatArray

STEP_COUNT: Final = 60
LEARNING_RATE: Final = 0.1
STEP_ROWS: Final = 30
"""Architectures of each source that a step looks at, drawn anew: a step takes the cube of their number."""

AVERAGED_COUNT: Final = 20
"""Last steps whose scales are averaged, since each looked at other architectures."""

LOG_SD: Final = 2.0
"""How far a scale may lie from where it started, as a standard deviation of its logarithm."""


def fit_scales(features: Sequence[Features], accuracies: Sequence[FloatArray], *, seed: int) -> Scales:
    """Return the most likely scales.

    Args:
        features: Of each source task.
        accuracies: Normal accuracies of each.
        seed: Draws the architectures of each step.
    """
    initial = Scales.initial(features[0].scores.shape[1])
    logs = {name: value.clone().requires_grad_(True) for name, value in initial.logs.items()}
    pairs, values = Pairs.of(features, features), torch.as_tensor(np.concatenate(accuracies))
    generator = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(logs.values(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEP_COUNT, eta_min=LEARNING_RATE / 10.0)
    last: list[dict[str, Tensor]] = []
    with one_thread():
        for _ in range(STEP_COUNT):
            rows = _drawn([part.count for part in features], generator)
            optimizer.zero_grad()
            loss = _surprise(Scales(logs), pairs.among(rows), values[rows]) + _distance(logs, initial)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            last = [*last, {name: value.detach().clone() for name, value in logs.items()}][-AVERAGED_COUNT:]
    return Scales({name: torch.stack([step[name] for step in last]).mean(dim=0) for name in logs})


def _drawn(counts: Sequence[int], generator: np.random.Generator) -> Tensor:
    """Return a few rows of each source."""
    firsts = np.cumsum([0, *counts[:-1]])
    parts = [first + generator.permutation(count)[:STEP_ROWS] for first, count in zip(firsts, counts, strict=True)]
    return torch.as_tensor(np.concatenate(parts))


def _surprise(scales: Scales, pairs: Pairs, values: Tensor) -> Tensor:
    """Return the negative log likelihood of the accuracies, up to a constant."""
    matrix = covariance(scales, pairs) + torch.eye(len(values), dtype=torch.float64) * (scales["noise"] + JITTER)
    factor = torch.linalg.cholesky(matrix)
    white = torch.linalg.solve_triangular(factor, values[:, None], upper=False)
    surprise: Tensor = 0.5 * (white**2).sum() + factor.diagonal().log().sum()
    return surprise


def _distance(logs: dict[str, Tensor], initial: Scales) -> Tensor:
    squares = [(((value - initial.logs[name]) / LOG_SD) ** 2).sum() for name, value in logs.items()]
    return 0.5 * torch.stack(squares).sum()
