"""The error to expect of predictions, with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from edgeprof_predictor.errors import PredictorError

MEDIAN_DEVIATIONS: Final = 0.6745
"""Standard deviations of a normal distribution that half of all errors exceed."""

UPPER_QUANTILE: Final = 0.9
"""Where the intervals of expected errors end: 90 % lie below the upper end, 80 % inside. Goals are compared with the
upper end alone; a wider interval would cost more samples."""

UPPER_DEVIATIONS: Final = NormalDist().inv_cdf(UPPER_QUANTILE)
"""The same end of a normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedError:
    """Median relative error to expect of architectures that were not measured.

    Args:
        error: What is expected, as a share of the latency.
        lower: In 90 % of cases the measured one is above.
        upper: In 90 % of cases the measured one is below.

    Raises:
        PredictorError: If the ends do not enclose the error.
    """

    error: float
    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not 0 <= self.lower <= self.error <= self.upper < math.inf:
            raise PredictorError(
                f"an expected error lies between the ends of its interval, "
                f"got {self.error} between {self.lower} and {self.upper}"
            )

    def __str__(self) -> str:
        """Return the error and its interval as percentages."""
        return f"{self.error:.1%} ({self.lower:.1%} to {self.upper:.1%})"

    @classmethod
    def of_log_sds(cls, error: float, lower_sd: float, upper_sd: float) -> ExpectedError:
        """Return an error whose logarithm has these standard deviations below and above."""
        return cls(
            error=error,
            lower=error / math.exp(UPPER_DEVIATIONS * lower_sd),
            upper=error * math.exp(UPPER_DEVIATIONS * upper_sd),
        )

    @classmethod
    def of_samples(cls, error: float, checked_count: int) -> ExpectedError:
        """Return an error estimated from this many independent ones; fewer than two count as two.

        Source:
            The interval of a normal distribution's standard deviation, by chi-square.
        """
        from scipy import stats  # half a second of import that the default method does not need

        count = max(checked_count, 2)
        lowest = float(stats.chi2.ppf(1 - UPPER_QUANTILE, count))
        highest = float(stats.chi2.ppf(UPPER_QUANTILE, count))
        return cls(error=error, lower=error * math.sqrt(count / highest), upper=error * math.sqrt(count / lowest))
