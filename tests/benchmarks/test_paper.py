"""The paper's exhibits name what exists, and show numbers that were computed before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
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
    *("table-1", "table-2", "table-3", "table-4", "table-9", "table-10", "table-12"),
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


def test_cells_with_published_proxies_are_found_in_the_table_of_latencies(paper: Any) -> None:
    runs = import_module("benchmarks.paper.runs")
    assert len(runs.latency_table("nasbench201", is_scored_only=True).choices) == len(runs.proxies("nasbench201")[0])


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
    assert "| TL ET | 10 | 0.500 (0.96) | 0.500 (0.95) | 0.500 (0.98) | 0.500 (0.96) ± 0.000 | 2 | " in page
    assert "| HELP | 20 | - (0.89) | - (0.94) | - (0.89) | - (0.91) | 0 |  | not computed |" in page
    assert (tmp_path / "pictures" / "table-3.png").stat().st_size < 150_000
    assert (tmp_path / "table-3.json").exists()


def test_a_page_keeps_its_rows_with_their_commit_where_nothing_is_computed_anew(paper: Any) -> None:
    earlier, results = import_module("benchmarks.paper.earlier"), import_module("benchmarks.paper.results")
    markdown = import_module("benchmarks.paper.render").markdown

    def row(label: str, **changes: Any) -> Any:
        return results.ResultRow(label=label, count=10, published=(0.75, 0.5, None), **changes)

    first = row("TL", ours=(0.5, None, 0.25), spreads=(None, None, 0.125), seed_count=2, code="abc1234", note="a note")
    fresh = row("ours", ours=(1.0,) * 3, spreads=(None,) * 3, seed_count=1, code="def5678")
    columns, empty = ("fpga", "raspi4", "mean"), {"code": "", "seed_count": 0, "spreads": (None,) * 3}
    table = results.ResultTable(title="Table 0: a title", columns=columns, rows=(first, fresh), differences=())
    page = markdown("table-0", table)
    nothing = replace(first, ours=(None,) * 3, note="not computed", **empty)
    newer = replace(fresh, ours=(0.125,) * 3, code="0123456")
    found = earlier.with_earlier(replace(table, rows=(nothing, newer)), page)
    assert found.rows == (first, newer)
    assert earlier.with_earlier(replace(table, rows=(nothing, newer)), "").rows == (nothing, newer)
    assert "1 of commit abc1234" in earlier.counted_codes([found])


@pytest.mark.parametrize("is_bars", [False, True])
def test_a_page_keeps_its_curves(paper: Any, is_bars: bool) -> None:
    earlier, results = import_module("benchmarks.paper.earlier"), import_module("benchmarks.paper.results")
    markdown = import_module("benchmarks.paper.render").markdown
    y = (0.5,) if is_bars else (0.5, 0.625)
    spreads = (None,) * len(y)
    curve = results.ResultCurve(
        panel="fpga", label="TL", x=(5, 10)[: len(y)], y=y, spreads=spreads, seed_count=3, code="abc1234"
    )
    figure = results.ResultFigure(
        title="Figure 0: a title", x_label="samples", curves=(curve,), differences=(), is_bars=is_bars
    )
    empty = replace(figure, curves=(replace(curve, y=(), spreads=(), seed_count=0, code=""),))
    assert "not computed" in markdown("figure-0", empty)
    assert earlier.with_earlier(empty, markdown("figure-0", figure)) == figure


def test_latencies_in_the_place_of_proxies_are_those_of_the_same_networks(paper: Any) -> None:
    accuracies, runs = import_module("benchmarks.paper.accuracies"), import_module("benchmarks.paper.runs")
    of = import_module("benchmarks.accuracy.runs").task("nasbench201/cifar10")
    found = accuracies.with_latencies(of)
    table = runs.latency_table("nasbench201")
    place = next(row for row, choices in enumerate(table.choices) if np.array_equal(choices, of.candidates.choices[7]))
    assert found.candidates.scores[7].tolist() == [table.latencies_of(name)[place] for name in accuracies.SOURCES]
    np.testing.assert_array_equal(found.accuracy, of.accuracy)


def test_networks_with_published_proxies_are_found_in_the_table_of_latencies(paper: Any) -> None:
    choices, encoding = import_module("benchmarks.paper.runs").proxies("nasbench201")
    assert (choices.shape, encoding.width) == ((724, 6), 12)
    assert np.all(np.isfinite(encoding.encode(choices)))
