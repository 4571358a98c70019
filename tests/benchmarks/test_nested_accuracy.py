"""Constants of accuracy predictors are chosen without the task that is scored."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from predictor.accuracy.tasks import make_task

from edgeprof_predictor.accuracy.task import AccuracyTask

NAMES = ("river/birds", "river/cars", "hill/birds", "sea/birds")


@pytest.fixture
def nested(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    module = import_module("benchmarks.accuracy.nested")
    monkeypatch.setattr(module, "SETTING_COUNT", 3)
    use(module, monkeypatch, {})
    return module


def use(module: ModuleType, monkeypatch: pytest.MonkeyPatch, replaced: dict[str, AccuracyTask]) -> None:
    """Let the benchmark read made-up tasks instead of the published table."""
    tasks = {name: make_task(name, seed=seed, count=40) for seed, name in enumerate(NAMES)} | replaced
    monkeypatch.setattr(module, "names", lambda: NAMES)
    monkeypatch.setattr(module, "task", tasks.__getitem__)


@pytest.mark.parametrize(("exhibit", "unseen"), [("all other tasks", NAMES[:1]), ("other spaces only", NAMES[:2])])
def test_no_accuracy_of_what_is_left_out_changes_what_is_chosen(
    nested: ModuleType, monkeypatch: pytest.MonkeyPatch, exhibit: str, unseen: tuple[str, ...]
) -> None:
    settings = [row["setting"] for row in nested.task_rows(exhibit, NAMES[:1], (0,)) if row["constants"] == "chosen"]
    assert [setting.keys() >= {"noises"} for setting in settings] == [True, False]
    turned = {name: replace(nested.task(name), accuracy=-nested.task(name).accuracy) for name in unseen}
    use(nested, monkeypatch, turned)
    again = [row["setting"] for row in nested.task_rows(exhibit, NAMES[:1], (0,)) if row["constants"] == "chosen"]
    assert again == settings


def test_the_page_counts_tasks_inside_the_range_and_tells_what_was_chosen(nested: ModuleType) -> None:
    page = import_module("benchmarks.accuracy.nested_page").page
    rows = [
        {
            "exhibit": exhibit, "method": method, "constants": constants, "target": name, "seed": seed,
            "spearman": 0.8 + 0.02 * seed, "interval_coverage": 0.9 if name == NAMES[0] else 0.99,
            "setting": {"penalty": 3.0},
        }
        for exhibit in ("all other tasks", "other spaces only")
        for method, constants in (("default", "chosen"), ("default", "shipped"), ("pooled-ridge", "chosen"))
        for name in NAMES
        for seed in (0, 1)
    ]  # fmt: skip
    text = page(rows, NAMES, code="Made by a test.", setting_count=3)
    assert "| river/birds | 0.810 | 90% | 0.810 | 90% | 0.810 | 90% |" in text
    assert "| tasks with 85 to 95 % |  | 1 of 4 |  | 1 of 4 |  | 1 of 4 |" in text
    assert "| the same with 5 seeds each |  | 1 |  | 1 |  | 1 |" in text
    assert "| pooled-ridge: penalty | 3.0 (4) |" in text
