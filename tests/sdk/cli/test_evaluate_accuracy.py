"""`edgeprof evaluate-accuracy` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from predictor.accuracy.tasks import make_task, sources, write_tables

from edgeprof.cli.main import edgeprof
from edgeprof_predictor.errors import PredictorError

TARGET = "sea/birds"
FIELDS = {
    "source", "target", "encoding", "method", "seed", "sample_count", "spearman", "kendall_tau", "interval_coverage",
    "warning",
}  # fmt: skip


def evaluate(*arguments: str) -> None:
    edgeprof.main(["evaluate-accuracy", *arguments], standalone_mode=False)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_tables(tmp_path / "tables.npz", *sources(), make_task(TARGET, seed=31))


def test_rows_name_their_sources_and_the_summary_shows_each_method(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(
        "--tables", str(tables), "--source", "river/birds", "--source", "hill/birds", "--target", TARGET,
        "--samples", "0,10", "--seeds", "2", "--methods", "default,transfer-ridge,ridge-zcp", "--jobs", "1",
        "--output", str(tmp_path / "out.json"),
    )  # fmt: skip
    rows = json.loads((tmp_path / "out.json").read_text(), parse_constant=pytest.fail)
    assert all(set(row) == FIELDS for row in rows)
    assert {(row["method"], row["source"]) for row in rows} == {
        ("default", "river/birds+hill/birds"),
        ("transfer-ridge", "river/birds"),
        ("transfer-ridge", "hill/birds"),
        ("ridge-zcp", "none"),
    }
    assert len(rows) == 4 * 2 * 2
    for row in rows:
        assert (row["interval_coverage"] is None) == (row["sample_count"] == 0)
        assert row["sample_count"] == 0 or row["spearman"] > 0.5
    shown = capsys.readouterr().out
    for expected in ("sea/birds, mean over 2 seeds", "default", "transfer-ridge", "ridge-zcp", "2 tasks"):
        assert expected in shown
    assert not list(tmp_path.glob("*.journal"))


def test_an_interrupted_run_goes_on_with_what_it_has(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgeprof_predictor.accuracy.ridge import RidgeAccuracy

    arguments = (
        "--tables", str(tables), "--target", TARGET, "--seeds", "3", "--methods", "ridge-zcp", "--jobs", "1",
        "--output", str(tmp_path / "out.json"),
    )  # fmt: skip
    real = RidgeAccuracy.fit_sources.__func__  # type: ignore[attr-defined]

    def interrupted(cls: type[RidgeAccuracy], sources: object, *, seed: int) -> RidgeAccuracy:
        if seed == 2:
            raise KeyboardInterrupt
        return real(cls, sources, seed=seed)  # type: ignore[no-any-return]

    with monkeypatch.context() as patch:
        patch.setattr(RidgeAccuracy, "fit_sources", classmethod(interrupted))
        with pytest.raises(click.Abort):
            evaluate(*arguments)
    evaluate(*arguments)
    assert "going on with an interrupted run: 2 of 3 parts are finished" in capsys.readouterr().err
    assert [row["seed"] for row in json.loads((tmp_path / "out.json").read_text())] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "sea/bird"), "the nearest are sea/birds"),
        (("--target", TARGET, "--source", TARGET), "both source and target"),
        (("--target", TARGET, "--source", "river/boats"), "has no task 'river/boats'"),
        (("--target", TARGET, "--methods", "default"), "learns from a source task, and there is none"),
        (("--target", TARGET, "--methods", "guess"), "the known ones are"),
        (("--target", TARGET, "--samples", "89"), "two to predict need 91"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tables: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(PredictorError, match=said):
        evaluate("--tables", str(tables), *arguments)


def test_a_table_without_scores_ends_with_one_sentence_and_status_1(tmp_path: Path) -> None:
    task = make_task(TARGET, count=20)
    path = write_tables(tmp_path / "tables.npz", task, score=np.zeros((7, 3)))
    done = subprocess.run(
        [sys.executable, "-m", "edgeprof", "evaluate-accuracy", "--tables", str(path), "--target", TARGET],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "need as many scores" in done.stderr
