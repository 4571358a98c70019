"""Figures are kept and shown by the code that made them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from published_data import needs_published_tables

from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method
from edgeprof_predictor.spaces import SPACE_NAMES, get_space

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def version() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT))
    yield import_module("benchmarks.code_version")
    sys.path.remove(str(ROOT))


def digest(version: Any, folder: Path, text: str) -> str:
    path = folder / f"{len(list(folder.iterdir()))}" / "module.py"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    found: str = version.digest_of_modules([], files=[path])
    return found


def test_a_digest_is_of_what_is_computed_and_not_of_its_wording(version: Any, tmp_path: Path) -> None:
    plain = digest(version, tmp_path, 'LIMIT = 2\n"""Of something."""\n\ndef f(x):\n    """Return."""\n    return x\n')
    worded = digest(version, tmp_path, "LIMIT = 2  # two\n\n\ndef f(x):\n    return x\n")
    changed = digest(version, tmp_path, "LIMIT = 3\n\n\ndef f(x):\n    return x\n")
    assert plain == worded
    assert plain != changed


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_what_a_method_imports_anywhere_counts(version: Any, name: str) -> None:
    method = get_method(name)
    names = {path.as_posix().rpartition("edgeprof_predictor/")[2] for path in version.files_behind([method.__module__])}
    assert {"metrics.py", "samples.py", "spaces/categorical.py", "methods/base.py"} - {"metrics.py"} <= names
    if name == "default":
        wanted = ("posterior", "prior", "calibration", "informative_design", "hyperprior", "predictor")
        assert {f"methods/default/{part}.py" for part in wanted} <= names
    if name.startswith("multi-predict"):
        assert {"networks/optimisation.py", "encodings/normalisation.py"} <= names
    assert not any(part.startswith(("accuracy/", "search/", "transfer/")) for part in names)


@needs_published_tables
def test_scores_of_other_code_are_not_shown(version: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, rows = import_module("benchmarks.paper.runs"), import_module("benchmarks.paper.rows")
    cache = runs.ExperimentCache(tmp_path, runs.Schedule(seeds=1, is_full=False))
    run = rows.run_on("fbnet-default", "flops", (0,))
    (pair,) = cache.missing([run, run])
    cache.scores(*pair)
    assert cache.missing([run]) == []
    assert len(cache.finished(run)) == len(run.test)
    assert cache.seconds(run) > 0
    monkeypatch.setattr(runs, "code_of", lambda run: "other")
    assert cache.finished(run) == []
    assert cache.missing([run]) == [(run, 0)]


@needs_published_tables
@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_the_code_of_a_run_holds_its_space(version: Any, space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, rows = import_module("benchmarks.paper.runs"), import_module("benchmarks.paper.rows")
    named: list[str] = []
    monkeypatch.setattr(runs, "digest_of_modules", lambda modules, files: named.extend(modules) or "digest")
    run = rows.run_on(f"{space}-default", "ridge")
    runs._code_of.__wrapped__(run.space, run.method, run.train)
    assert space in SPACE_NAMES
    assert type(get_space(space)).__module__ in named
    assert get_method("ridge").__module__ in named


@pytest.mark.parametrize("name", ["paper", "transfer", "accuracy", "figure_10", "evidence"])
def test_a_page_of_figures_names_the_code_that_made_it(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    assert re.search(r"digest `[0-9a-f]{12}`|commit [0-9a-f]{7,}", text)
