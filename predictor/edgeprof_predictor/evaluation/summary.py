"""Summaries of many scores: means over platforms, spread over seeds, calibration of the expected errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from edgeprof_predictor.evaluation.score import Score
from edgeprof_predictor.metrics import sample_deviation

CALIBRATION_FACTOR: Final = 1.5
"""An expected error counts as calibrated when the measured one is within this factor of it, in either direction."""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All scores of one method with one number of samples.

    Means over platforms and seeds; nan where scores are.

    Args:
        method: Its name.
        sample_count: Samples of each new platform.
        is_upper_bound: Whether the method has seen the whole table of each new platform.
        spearman: Mean rank correlation.
        spearman_sd: Sample standard deviation over seeds of the mean over platforms; nan with a single seed.
        seed_count: Seeds behind it.
        kendall_tau: Mean of Kendall's tau-b.
        median_ape: Mean over platforms of the median error.
        within_5_percent: Share of predictions that err by at most 5 %.
        within_10_percent: The same for 10 %.
        interval_coverage: Share of latencies inside their interval.
        lowest_coverage: That of the platform where it is lowest.
        interval_width_ratio: Width of the intervals as a share of the prediction.
        platform_spearman: Rank correlation of each platform, mean over seeds.
    """

    method: str
    sample_count: int
    is_upper_bound: bool
    spearman: float
    spearman_sd: float
    seed_count: int
    kendall_tau: float
    median_ape: float
    within_5_percent: float
    within_10_percent: float
    interval_coverage: float
    lowest_coverage: float
    interval_width_ratio: float
    platform_spearman: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCalibration:
    """How well the errors that a method expected match the measured ones.

    Args:
        method: Its name.
        sample_count: Of each platform; None for all numbers together.
        pair_count: Platforms, times the numbers of samples.
        within_share: Share of these whose expected error, mean over seeds, is within `CALIBRATION_FACTOR` of the
            measured one.
        within_run_share: The same for single seeds.
        typical_ratio: Geometric mean of expected to measured error; above 1 is too cautious.
    """

    method: str
    sample_count: int | None
    pair_count: int
    within_share: float
    within_run_share: float
    typical_ratio: float


def summarise(scores: Sequence[Score]) -> list[Group]:
    """Return the groups of scores, methods in the order in which they first come."""
    groups = _grouped(scores, lambda score: (score.method, score.sample_count))
    order = list(dict.fromkeys(score.method for score in scores))
    return [_group(groups[key]) for key in sorted(groups, key=lambda key: (order.index(key[0]), key[1]))]


def check_calibration(scores: Sequence[Score]) -> list[ErrorCalibration]:
    """Return, for each method, the calibration of its expected errors: overall, then for each number of samples.

    Scores without an expected error, such as those without samples, are left out.
    """
    with_expectation = [score for score in scores if np.isfinite([score.expected_error, score.median_ape]).all()]
    calibrations = []
    for method, of_method in _grouped(with_expectation, lambda score: score.method).items():
        calibrations.append(_calibration(method, None, of_method))
        by_count = _grouped(of_method, lambda score: score.sample_count)
        calibrations += [_calibration(method, count, by_count[count]) for count in sorted(by_count)]
    return calibrations


def _grouped(scores: Sequence[Score], key: Callable[[Score], Key]) -> dict[Key, list[Score]]:
    groups: dict[Key, list[Score]] = {}
    for score in scores:
        groups.setdefault(key(score), []).append(score)
    return groups


def _group(scores: Sequence[Score]) -> Group:
    by_seed = _grouped(scores, lambda score: score.seed).values()
    by_platform = _grouped(scores, lambda score: score.platform)
    return Group(
        method=scores[0].method,
        sample_count=scores[0].sample_count,
        is_upper_bound=scores[0].is_upper_bound,
        spearman=_mean(scores, "spearman"),
        spearman_sd=sample_deviation([_mean(group, "spearman") for group in by_seed]),
        seed_count=len(by_seed),
        kendall_tau=_mean(scores, "kendall_tau"),
        median_ape=_mean(scores, "median_ape"),
        within_5_percent=_mean(scores, "within_5_percent"),
        within_10_percent=_mean(scores, "within_10_percent"),
        interval_coverage=_mean(scores, "interval_coverage"),
        lowest_coverage=min(_mean(group, "interval_coverage") for group in by_platform.values()),
        interval_width_ratio=_mean(scores, "interval_width_ratio"),
        platform_spearman={platform: _mean(group, "spearman") for platform, group in by_platform.items()},
    )


def _calibration(method: str, count: int | None, scores: Sequence[Score]) -> ErrorCalibration:
    pairs = _grouped(scores, lambda score: (score.platform, score.sample_count)).values()
    return ErrorCalibration(
        method=method,
        sample_count=count,
        pair_count=len(pairs),
        within_share=float(np.mean([_is_within(_mean(p, "expected_error"), _mean(p, "median_ape")) for p in pairs])),
        within_run_share=float(np.mean([_is_within(score.expected_error, score.median_ape) for score in scores])),
        typical_ratio=float(np.exp(np.mean([_log_ratio(score.expected_error, score.median_ape) for score in scores]))),
    )


def _is_within(expected: float, measured: float) -> bool:
    return abs(_log_ratio(expected, measured)) <= math.log(CALIBRATION_FACTOR)


def _log_ratio(expected: float, measured: float) -> float:
    # A platform may be predicted exactly; errors below a millionth count as a millionth.
    return math.log(max(expected, 1e-6) / max(measured, 1e-6))


def _mean(scores: Sequence[Score], name: str) -> float:
    return float(np.mean([getattr(score, name) for score in scores]))
