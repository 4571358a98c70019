"""Quantile of Student's t for 90 % intervals. SciPy has it, and takes longer to import than a prediction."""

from __future__ import annotations

from typing import Final

_NORMAL: Final = 1.6448536269514715
"""The 0.95 quantile of the normal distribution: half a 90 % interval in standard deviations."""


def interval_quantile(degrees: float) -> float:
    """Return how many standard deviations half a 90 % interval is wide.

    Args:
        degrees: Degrees of freedom, 8 or more: the error is below 1e-5 then.

    Source:
        Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.5.
    """
    z = _NORMAL
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))
