"""What networks that were left out say of the level and the width of predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgeprof_predictor.operators.student_t import interval_quantile

PRIOR_NETWORKS: Final = 8.0
"""Networks of the reference settings that the prior of the width is worth."""

PRIOR_SCALE: Final = 0.85
"""Root mean square of the z-scores of left-out networks on the reference settings."""

LEVEL_SD: Final = 0.05
"""How far whole networks lie from the sum of their operators, by the reference settings, in logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One measured network against what all others say of it.

    Args:
        network: Its name.
        log_error: Log of measured over predicted.
        sd: Standard deviation that was predicted for it.
    """

    network: str
    log_error: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Level and width of predictions.

    Args:
        level: Added to the predicted log latency.
        level_variance: Its variance.
        scale: Factor of the predicted standard deviation.
        degrees: Degrees of freedom of Student's t.
        left_out: Each whole model against what all others say of it, the level of the others included.
    """

    level: float
    level_variance: float
    scale: float
    degrees: float
    left_out: tuple[LeftOut, ...]

    @property
    def median_error(self) -> float | None:
        """Median of the relative errors of left-out networks; nothing where there are fewer than three."""
        errors = sorted(abs(math.expm1(-one.log_error)) for one in self.left_out)
        return errors[len(errors) // 2] if len(errors) >= 3 else None

    @classmethod
    def of_left_out(cls, left_out: Sequence[LeftOut], prior_scale: float = PRIOR_SCALE) -> Calibration:
        """Return the calibration by left-out networks; without any, that of the reference settings.

        Args:
            left_out: Each whole model that was measured.
            prior_scale: Root mean square of the z-scores on the reference settings.
        """
        precision = 1 / LEVEL_SD**2 + sum(1 / one.sd**2 for one in left_out)
        weighted = sum(one.log_error / one.sd**2 for one in left_out)
        levelled = []
        for one in left_out:
            # The level that the other networks give: each one's own error would flatter it.
            others = precision - 1 / one.sd**2
            error = one.log_error - (weighted - one.log_error / one.sd**2) / others
            levelled.append(LeftOut(network=one.network, log_error=error, sd=one.sd))
        return cls.of_levelled(
            levelled, level=weighted / precision, level_variance=1 / precision, prior_scale=prior_scale
        )

    @classmethod
    def of_levelled(
        cls, left_out: Sequence[LeftOut], *, level: float, level_variance: float, prior_scale: float = PRIOR_SCALE
    ) -> Calibration:
        """Return the calibration by left-out networks whose errors are without the level of the others.

        Args:
            left_out: Each whole model that was measured.
            level: To add to predicted log latencies.
            level_variance: Its variance.
            prior_scale: Root mean square of the z-scores on the reference settings.
        """
        count = len(left_out)
        squares = sum(one.log_error**2 / (one.sd**2 + level_variance) for one in left_out)
        return cls(
            level=level,
            level_variance=level_variance,
            scale=math.sqrt((PRIOR_NETWORKS * prior_scale**2 + squares) / (PRIOR_NETWORKS + count)),
            degrees=PRIOR_NETWORKS + count,
            left_out=tuple(left_out),
        )

    def half_width(self, sd: float, graph_sd: float = 0.0) -> float:
        """Return half the 90 % interval of a log latency.

        Args:
            sd: Its standard deviation as it was predicted.
            graph_sd: What a graph that is not the engine's own adds to it; left-out networks say nothing of that.
        """
        return interval_quantile(self.degrees) * math.sqrt(self.scale**2 * (sd**2 + self.level_variance) + graph_sd**2)
