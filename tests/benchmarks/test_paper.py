"""The paper's exhibits name what exists, and show numbers that were computed before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from published_data import needs_published_tables

from edgeprof_predictor.evaluation import EVALUATED_NAMES

ROOT = Path(__file__).parents[2]

pytestmark = needs_published_tables

EXHIBITS = (
    *("table-1", "table-2", "table-3", "table-4", "table-12"),
    *("figure-4", "figure-5", "figure-6", "figure-11", "figure-16", "figure-17"),
)


@pytest.fixture(scope="module")
def paper() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT))
    yield import_module("benchmarks.paper.__main__")
    sys.path.remove(str(ROOT))


@pytest.mark.parametrize("name", EXHIBITS)
def test_runs_of_an_exhibit_name_known_platforms_and_methods(paper: Any, name: str) -> None:
    runs = paper.runs_of(name)
    assert runs
    known = import_module("benchmarks.paper.runs")
    for run in runs:
        assert not set(run.train) & set(run.test)
        assert set(run.train) | set(run.test) <= set(known.latency_table(run.space).platforms)
        assert run.method in EVALUATED_NAMES


def test_the_papers_numbers_fill_the_columns_they_are_compared_with(paper: Any) -> None:
    for name in ("table-1", "table-2", "table-3", "table-4", "table-12"):
        table = import_module("benchmarks.paper.tables").TABLES[name]()
        for entry in table.entries:
            assert len(entry.published) == len(table.columns) + 1, entry.label
            assert all(entry.count in run.counts for run in entry.runs), entry.label
            assert not table.columns or {p for run in entry.runs for p in run.test} == set(table.columns), entry.label


def test_an_exhibit_shows_what_is_computed_and_computes_nothing_twice(
    paper: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = import_module("benchmarks.paper.runs")
    computed = []

    def evaluate(space: object, table: object, protocol: Any) -> Iterator[Any]:
        computed.append(protocol.methods[0].name)
        for platform in protocol.test:
            for count in protocol.sample_counts:
                mark = runs.Score(platform=platform, sample_count=count, seed=protocol.seeds[0], spearman=0.5)
                yield SimpleNamespace(as_row=partial(asdict, mark))

    monkeypatch.setattr(runs, "evaluate", evaluate)
    arguments = ["table-3", "--results", str(tmp_path), "--seeds", "2", "--skip", "help"]
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["paper", *arguments])
        assert paper.main() == 0
    assert len(computed) == len(set(computed)) * 2
    page = (tmp_path / "table-3.md").read_text()
    assert "| TL ET | 10 | 0.500 (0.96) | 0.500 (0.95) | 0.500 (0.98) | 0.500 (0.96) ± 0.000 | 2 |" in page
    assert "| HELP | 20 | - (0.89) | - (0.94) | - (0.89) | - (0.91) | 0 | not computed |" in page
    assert (tmp_path / "pictures" / "table-3.png").stat().st_size < 150_000
    assert (tmp_path / "table-3.json").exists()


def test_networks_with_published_proxies_are_found_in_the_table_of_latencies(paper: Any) -> None:
    choices, encoding = import_module("benchmarks.paper.runs").proxies("nasbench201")
    assert (choices.shape, encoding.width) == ((724, 6), 12)
    assert np.all(np.isfinite(encoding.encode(choices)))
