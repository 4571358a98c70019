"""Learn the scales of the kernels from source tasks: those under which their accuracies were most likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from edgeprof_predictor.accuracy.features import Features
from edgeprof_predictor.accuracy.kernel import JITTER, Pairs, Scales, covariance
from edgeprof_predictor.network import one_thread
from edgeprof_predictor.spaces import FloatArray

STEP_COUNT: Final = 80
LEARNING_RATE: Final = 0.1
LOG_SD: Final = 2.0
"""How far a scale may lie from where it started, as a standard deviation of its logarithm."""


def fit_scales(features: Sequence[Features], accuracies: Sequence[FloatArray]) -> Scales:
    """Return the most likely scales.

    Args:
        features: Of each source task; a few dozen architectures each are enough, and the time grows with the cube of
            their number.
        accuracies: Normal accuracies of each.
    """
    initial = Scales.initial(features[0].scores.shape[1])
    logs = {name: value.clone().requires_grad_(True) for name, value in initial.logs.items()}
    pairs = Pairs.of(features, features)
    values = torch.cat([torch.as_tensor(part) for part in accuracies])
    optimizer = torch.optim.Adam(logs.values(), lr=LEARNING_RATE)
    with one_thread():
        for _ in range(STEP_COUNT):
            optimizer.zero_grad()
            loss = _surprise(Scales(logs), pairs, values) + _distance(logs, initial)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return Scales({name: value.detach() for name, value in logs.items()})


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
