"""A fixed physical guess of an operator's time, from which the model learns the ratio."""

from __future__ import annotations

from typing import Final

from edgeprof_predictor.operators.sizes import Sizes

START_US: Final = 1.0
FLOPS_PER_US: Final = 40e3
"""40 G operations a second: one core of a desktop processor. The model learns each device's level, so that no device
needs another value."""

BYTES_PER_US: Final = 10e3
"""10 GB a second."""


def guess_us(sizes: Sizes) -> float:
    """Return the guess in microseconds; at least 1."""
    return START_US + sizes.flops / FLOPS_PER_US + (sizes.activation_bytes + sizes.weight_bytes) / BYTES_PER_US
