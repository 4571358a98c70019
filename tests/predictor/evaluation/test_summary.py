"""Means, spreads and calibration, on scores that can be added by hand."""

from __future__ import annotations

import math

import pytest

from edgeprof_predictor.evaluation import Score, check_calibration, summarise


def score(**changes: object) -> Score:
    fields = {
        "method": "ridge", "platform": "board", "sample_count": 5, "seed": 0, "spearman": 0.9, "kendall_tau": 0.8,
        "median_ape": 0.1, "mape": 0.12, "within_5_percent": 0.3, "within_10_percent": 0.5, "interval_coverage": 0.9,
        "interval_width_ratio": 0.4, "expected_error": 0.1, "source_platform": None, "source_correlation": math.nan,
        "is_upper_bound": False, "trim": 0.0, "fit_s": 1.0, "adapt_s": 0.1,
    }  # fmt: skip
    return Score(**(fields | changes))  # type: ignore[arg-type]


def test_rows_of_earlier_releases_are_read() -> None:
    row = score().as_row()
    row["is_upper_mark"] = row.pop("is_upper_bound")
    assert Score.from_row(row) == score()


def test_a_group_is_the_mean_over_platforms_and_its_spread_that_over_seeds() -> None:
    (group,) = summarise(
        [
            score(platform="board", seed=0, spearman=0.9, interval_coverage=0.9),
            score(platform="phone", seed=0, spearman=0.7, interval_coverage=0.6),
            score(platform="board", seed=1, spearman=1.0, interval_coverage=0.9),
            score(platform="phone", seed=1, spearman=0.8, interval_coverage=0.8),
        ]
    )
    assert group.spearman == pytest.approx(0.85)
    assert group.spearman_sd == pytest.approx(math.sqrt(0.005))
    assert group.seed_count == 2
    assert group.platform_spearman == pytest.approx({"board": 0.95, "phone": 0.75})
    assert group.lowest_coverage == pytest.approx(0.7)


def test_a_single_seed_has_no_spread() -> None:
    (group,) = summarise([score(platform="board"), score(platform="phone")])
    assert (group.seed_count, math.isnan(group.spearman_sd)) == (1, True)


def test_groups_keep_the_order_of_the_methods_and_sort_the_counts() -> None:
    scores = [score(method=method, sample_count=count) for method in ("ridge", "flops") for count in (10, 3)]
    assert [(group.method, group.sample_count) for group in summarise(scores)] == [
        ("ridge", 3), ("ridge", 10), ("flops", 3), ("flops", 10)
    ]  # fmt: skip


def test_an_expected_error_is_calibrated_within_the_factor_on_either_side() -> None:
    kept = [score(expected_error=error) for error in (0.1 / 1.49, 0.1 * 1.49)]
    broken = [score(platform="phone", expected_error=error) for error in (0.1 * 1.51, 0.1 * 1.51)]
    overall, at_five = check_calibration([*kept, *broken])
    assert overall.sample_count is None
    assert (overall.pair_count, overall.within_share, overall.within_run_share) == (2, 0.5, 0.5)
    assert at_five.sample_count == 5


def test_calibration_is_judged_by_the_mean_over_seeds_and_by_each_run() -> None:
    scores = [score(seed=0, expected_error=0.05), score(seed=1, expected_error=0.15)]
    overall = check_calibration(scores)[0]
    assert overall.within_share == 1.0
    assert overall.within_run_share == 0.5
    assert overall.typical_ratio == pytest.approx(math.sqrt(0.5 * 1.5))


def test_scores_without_milliseconds_have_no_calibration() -> None:
    assert check_calibration([score(sample_count=0, median_ape=math.nan, expected_error=math.nan)]) == []


def test_a_row_knows_no_nan_and_becomes_the_same_score_again() -> None:
    without = score(median_ape=math.nan)
    row = without.as_row()
    assert row["median_ape"] is None and row["source_platform"] is None
    again = Score.from_row(row)
    assert math.isnan(again.median_ape) and again.source_platform is None
    assert again.as_row() == row
