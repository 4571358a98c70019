"""The page of evidence: its splits, its means over seeds, and what it shows of finished units alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from published_data import needs_published_tables

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def evidence() -> Iterator[Any]:
    """The package of the benchmark; its modules are imported by their names."""
    sys.path.insert(0, str(ROOT))
    yield lambda name: import_module(f"benchmarks.evidence.{name}")
    sys.path.remove(str(ROOT))


def row(method: str, seed: int, spearman: float, **changes: object) -> dict[str, Any]:
    fields = {"split": "fbnet-default", "platform": "fpga", "sample_count": 3, "median_ape": 0.1}
    stated = {"expected_lower": 0.05, "expected_upper": 0.2, "interval_coverage": 0.9}
    return {"method": method, "seed": seed, "spearman": spearman, **fields, **stated, **changes}


@needs_published_tables
def test_own_splits_leave_out_a_kind_of_platforms_of_both_tables(evidence: Any) -> None:
    splits, published = evidence("splits"), import_module("benchmarks.transfer.published")
    assert len(splits.OWN) == 6
    for split in splits.OWN.values():
        train, test = split.train.split(), split.test.split()
        assert set(train) | set(test) <= set(published.latencies(split.space).platforms)
        assert len({published.kind(name) for name in test}) == 1
        assert {published.kind(name) for name in test} & {published.kind(name) for name in train} == set()


def test_a_mean_is_over_platforms_first_and_its_deviation_over_seeds(evidence: Any) -> None:
    rows = [row("default", 0, 0.8), row("default", 0, 1.0, platform="raspi4"), row("default", 1, 0.7)]
    spread = evidence("summary").Results(rows).spread("fbnet-default", "default", 3)
    assert str(spread) == "0.800 ± 0.141"
    assert str(evidence("summary").Results([]).spread("fbnet-default", "default", 3)) == "-"


def test_an_ablation_compares_the_seeds_that_both_have(evidence: Any) -> None:
    rows = [row("default", 0, 0.8), row("default", 1, 0.9), row("mean row", 0, 0.75)]
    change = evidence("summary").Results(rows).change("fbnet-default", "mean row", 3, "spearman")
    assert (change.text("{:+.3f}"), change.seed_count) == ("-0.050", 1)


def test_one_source_is_compared_with_the_source_itself_and_with_none(evidence: Any) -> None:
    runs = evidence("runs")
    rows = [
        row(runs.ONE_SOURCE, 0, 0.95, sample_count=10),
        row(runs.NO_SOURCE, 0, 0.96, sample_count=10),
        {"split": "fbnet-default", "method": runs.ITS_OWN, "platform": "fpga", "seed": 0, "spearman": 0.9},
    ]
    assert evidence("summary").Results(rows).one_source(["fbnet-default"], 10) == [(0.95, 0.9, 0.96)]


def test_the_page_shows_what_is_computed_and_what_is_not(evidence: Any) -> None:
    rows = [row("default", seed, 0.97) for seed in range(2)]
    text = evidence("page").page(rows, code="Figures of some code.")
    assert "| with sources | fbnet-default | 3 | 0.970 ± 0.000 | 0.97 | met |" in text
    assert "| with sources | nasbench201-default | 3 | - | 0.95 | not computed |" in text
    assert "One source only: not computed." in text


def test_a_constant_is_changed_where_it_is_read_and_only_meanwhile(
    evidence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = evidence("constants")
    (constant,) = (one for one in constants.CONSTANTS if one.name == "SCALE_VARIANCE")
    before, seen = constant.present, []

    def rows(*arguments: object, seed: int) -> Iterator[dict[str, Any]]:
        seen.extend(getattr(module, constant.name) for module in constant.modules)
        return iter(())

    monkeypatch.setattr(constants, "_left_out_rows", rows)
    constants.score_with(None, None, (3,), constant, 0.6, seed=0)
    assert seen == [0.6, 0.6]
    assert constant.present == before
