"""`edgeprof search` as a user meets it, without a device."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import joblib
import numpy as np
import pytest
from sdk.search_world import TASK, cells, operations, profile_of, write_table

from edgeprof.cli.main import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof_predictor.errors import PredictorError


@pytest.fixture
def table(tmp_path: Path, own_edgeprof_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # One process is faster than two that both load torch, and two proxies than thirteen.
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    monkeypatch.setattr("edgeprof.searching.api.PROXY_NAMES", ("flops", "params"))
    return write_table(tmp_path / "table.npz")


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform whose latencies follow the arithmetic."""
    path = tmp_path_factory.mktemp("profile") / "board.edgeprof"
    profile_of(1e-6 * operations(cells())[:6] + 1.0, {"name": "board"}).save(path)
    return path


def search(*arguments: object) -> None:
    edgeprof.main(["search", *map(str, arguments)], standalone_mode=False)


def test_a_search_prints_the_answer_and_draws_the_front(
    table: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = table.with_name("front.png")
    arguments = ("--accuracy", f"{table}:{TASK}", "--profile", profile, "--trainings", 6, "--output", picture)
    search(*arguments)
    assert "the most accurate network" in capsys.readouterr().out
    assert picture.stat().st_size > 10_000
    search(*arguments, "--json")
    result = json.loads(capsys.readouterr().out)
    assert len(result["trained"]) == 6
    assert result["chosen"]["accuracy"] == max(found["accuracy"] for found in result["trained"])


def test_weights_sum_the_latencies_of_several_profiles(
    table: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ("--accuracy", f"{table}:{TASK}", "--profile", profile, "--trainings", 2, "--json")
    search(*shared, "--state", "one")
    one = json.loads(capsys.readouterr().out)
    search(*shared, "--profile", profile, "--combine", "weighted", "--weights", "2,1", "--state", "two")
    both = json.loads(capsys.readouterr().out)
    assert both["chosen"]["architecture"] == one["chosen"]["architecture"]
    assert both["chosen"]["upper_ms"] == pytest.approx(3.0 * one["chosen"]["upper_ms"])


def test_a_function_that_raises_ends_in_one_sentence_and_the_same_command_goes_on(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.with_name("mine.py").write_text(
        "from pathlib import Path\n"
        "def train(text):\n"
        "    with Path('calls').open('a') as file:\n"
        "        file.write(text + '\\n')\n"
        "    calls = Path('calls').read_text().splitlines()\n"
        "    if text == calls[min(1, len(calls) - 1)] and len(calls) > 1:\n"
        "        raise RuntimeError('no memory left')\n"
        "    return float(len(text))\n"
    )
    arguments = ("--train-with", "mine.py:train", "--candidates", 3, "--trainings", 2, "--json")
    with pytest.raises(PredictorError, match="RuntimeError: no memory left") as caught:
        search(*arguments)
    failing = Path("calls").read_text().splitlines()[1]
    assert failing in str(caught.value)
    search(*arguments)
    result = json.loads(capsys.readouterr().out)
    assert len(result["trained"]) == 2
    assert result["failures"] == {failing: "RuntimeError: no memory left"}
    # Tried once more, and what was trained before was not.
    assert Path("calls").read_text().splitlines().count(failing) == 2
    assert len(Path("calls").read_text().splitlines()) == 4


def test_a_limit_that_nothing_meets_is_one_sentence_and_exit_status_1(table: Path, profile: Path) -> None:
    command = [sys.executable, "-m", "edgeprof", "search", "--accuracy", f"{table}:{TASK}"]
    done = subprocess.run(
        [*command, "--profile", str(profile), "--latency-limit", "0.01ms"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("error: none of all candidates is known to keep 0.01 ms")
    assert "Traceback" not in done.stderr


def test_a_profile_of_another_space_is_refused(table: Path, profile: Path) -> None:
    with pytest.raises(PredictorError, match="predicts nasbench201, not fbnet: onboard the platform for fbnet"):
        search("--space", "fbnet", "--accuracy", f"{table}:{TASK}", "--profile", profile)


@pytest.mark.parametrize(
    ("accuracy", "sentence"),
    [
        ("nasbench201/smal", "has no task 'nasbench201/smal'; the nearest are nasbench201/small"),
        ("", "names no task of a table"),
    ],
)
def test_an_unknown_task_is_answered_with_the_nearest(table: Path, accuracy: str, sentence: str) -> None:
    with pytest.raises(PredictorError, match=sentence):
        search("--accuracy", f"{table}:{accuracy}")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--accuracy", f"table.npz:{TASK}", "--train-with", "mine.py:train"),
        ("--accuracy", f"table.npz:{TASK}", "--combine", "weighted"),
        ("--accuracy", f"table.npz:{TASK}", "--latency-limit", "5"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(table: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        search(*arguments)


def test_a_function_that_is_not_there_is_one_sentence(table: Path) -> None:
    with pytest.raises(EdgeprofError, match=r"cannot import nowhere.py: .*there is no plain file"):
        search("--train-with", "nowhere.py:train")


def test_what_is_searched_learns_from_the_other_tasks_of_the_same_file(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    search("--accuracy", f"{table}:{TASK}", "--source-tables", table, "--trainings", 3, "--json")
    result = json.loads(capsys.readouterr().out)
    # The other task has the same accuracies: its best network is trained first.
    best = max(np.log1p(operations(cells())))
    assert result["trained"][0]["accuracy"] == pytest.approx(best)
