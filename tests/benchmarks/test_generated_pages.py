"""Prose of the pages that benchmarks write stands on the pages: whoever changes one changes the other."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest
from published_data import needs_published_tables

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_the_page_of_searches_has_the_preface_of_its_benchmark() -> None:
    benchmark = import_module("benchmarks.search.__main__")
    assert benchmark.PREFACE in page("figure_10.md")
    assert benchmark.LIMITS in page("figure_10.md")


def test_the_page_of_transfers_has_the_prose_of_its_benchmark() -> None:
    assert import_module("benchmarks.transfer.page").PREFACE in page("transfer.md")
    assert import_module("benchmarks.transfer.pictures").SECTIONS in page("transfer.md")


def test_the_page_of_accuracies_has_the_prose_of_its_benchmark() -> None:
    benchmark = import_module("benchmarks.accuracy.page")
    for text in (benchmark.METHOD, "\n".join(benchmark.TUNED), *(text for _, text in benchmark.EXHIBITS.values())):
        assert text in page("accuracy.md")
    assert import_module("benchmarks.accuracy.nested_page").PREFACE in page("accuracy_nested.md")


def test_the_page_of_evidence_has_the_prose_of_its_benchmark() -> None:
    evidence = import_module("benchmarks.evidence.page")
    for name in evidence.PROSE:
        assert evidence.prose(name) in page("evidence.md")


@needs_published_tables
def test_the_page_of_the_paper_has_the_prose_of_its_benchmark() -> None:
    main, runs = import_module("benchmarks.paper.__main__"), import_module("benchmarks.paper.runs")
    text = page("paper.md")
    assert main.preface(runs.Schedule(seeds=3, is_full=False)) in text
    assert main.FINDINGS.read_text(encoding="utf-8") in text
    for exhibit in (*main.TABLES.values(), *main.FIGURES.values()):
        assert [difference for difference in exhibit().differences if f"- {difference}\n" not in text] == []
    accuracies = import_module("benchmarks.paper.accuracies")
    assert [difference for difference in accuracies.DIFFERENCES if f"- {difference}\n" not in text] == []


def test_the_page_of_faults_is_made_from_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    sys.modules.pop("fault_table", None)
    assert import_module("fault_table").table() == page("faults.md")
