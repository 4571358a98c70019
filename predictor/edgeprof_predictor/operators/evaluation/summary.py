"""Figures of the protocol: error, tail, ranks, coverage, width, and what the verdict tells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.operators.evaluation.protocol import Outcome
from edgeprof_predictor.operators.prediction import Verdict

LARGE_ERROR = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Figures of some outcomes; shares and errors as fractions, widths as exp(half width) - 1.

    Args:
        median_error: Median relative error.
        tail_error: Its 90th percentile.
        within_10: Share with an error of at most 10 %.
        within_20: The same of 20 %.
        spearman: Rank correlation of predicted and measured, mean over draws.
        bias: Mean of log predicted over measured.
        coverage: Share of 90 % intervals that hold the latency; nothing without intervals.
        half_width: Median half-width.
        outside: Share of outcomes whose verdict is other than known.
        outside_large: Share of errors over 30 % among these.
        inside_large: The same among the rest.
    """

    median_error: float
    tail_error: float
    within_10: float
    within_20: float
    spearman: float
    bias: float
    coverage: float | None
    half_width: float | None
    outside: float
    outside_large: float | None
    inside_large: float | None


def summarise(outcomes: Sequence[Outcome], latencies_us: dict[tuple[str, str], float]) -> Summary:
    """Return the figures of some outcomes.

    Args:
        outcomes: At least one.
        latencies_us: Measured latency of each setting and model.
    """
    errors = np.array([one.relative_error for one in outcomes])
    with_interval = [(one, one.half_width) for one in outcomes if one.half_width is not None]
    is_outside = np.array([one.verdict not in (None, Verdict.KNOWN) for one in outcomes])
    large = errors > LARGE_ERROR
    return Summary(
        median_error=float(np.median(errors)),
        tail_error=float(np.quantile(errors, 0.9)),
        within_10=float(np.mean(errors <= 0.1)),
        within_20=float(np.mean(errors <= 0.2)),
        spearman=_rank_correlation(outcomes, latencies_us),
        bias=float(np.mean([one.log_error for one in outcomes])),
        coverage=float(np.mean([abs(one.log_error) <= width for one, width in with_interval]))
        if with_interval
        else None,
        half_width=float(np.median([math.expm1(width) for _, width in with_interval])) if with_interval else None,
        outside=float(is_outside.mean()),
        outside_large=float(large[is_outside].mean()) if is_outside.any() else None,
        inside_large=float(large[~is_outside].mean()) if (~is_outside).any() else None,
    )


def _rank_correlation(outcomes: Sequence[Outcome], latencies_us: dict[tuple[str, str], float]) -> float:
    draws: dict[tuple[str, str, int, str], list[tuple[float, float]]] = {}
    for one in outcomes:
        measured = math.log(latencies_us[one.setting, one.network])
        draws.setdefault((one.setting, one.method, one.sample_count, one.draw), []).append(
            (measured, measured + one.log_error)
        )
    return float(np.mean([spearman(*map(np.array, zip(*pairs, strict=True))) for pairs in draws.values()]))
