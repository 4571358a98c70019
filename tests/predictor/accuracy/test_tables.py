from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from predictor.accuracy.tasks import make_task, write_tables

from edgeprof_predictor.accuracy.tables import load_task, load_tasks, task_names
from edgeprof_predictor.errors import PredictorError, SameTaskError, TableError, UnknownTaskError

TASK = make_task("river/birds", count=6)


def test_a_task_comes_back_as_it_was_written(tmp_path: Path) -> None:
    other = make_task("hill/cars", count=4, seed=1)
    path = write_tables(tmp_path / "t.npz", other, TASK)
    assert task_names(path) == ("hill/cars", "river/birds")
    (source,), target = load_tasks(path, sources=["hill/cars"], target="river/birds")
    assert np.array_equal(source.candidates.choices, other.candidates.choices)
    assert np.array_equal(target.accuracy, TASK.accuracy)
    assert (target.space, target.candidates.proxies) == ("river", TASK.candidates.proxies)


@pytest.mark.parametrize(
    ("written", "choices"),
    [
        (np.array(["[[(0, 1), (2, 3)], [(4, 5), 6]]"] * 6), [0, 1, 2, 3, 4, 5, 6]),
        (np.tile(np.array([3, 0, 7]), (6, 1)), [3, 0, 7]),
    ],
)
def test_nested_lists_are_flattened_and_integer_columns_need_no_space(
    tmp_path: Path, written: NDArray[np.generic], choices: list[int]
) -> None:
    path = write_tables(tmp_path / "t.npz", TASK, arch=written)
    assert load_task(path, TASK.name).candidates.choices[0].tolist() == choices


def test_texts_of_a_known_space_are_read_in_its_notation(tmp_path: Path) -> None:
    known = make_task("nasbench201/mine", count=2)
    cell = "|none~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
    path = write_tables(tmp_path / "t.npz", known, arch=np.array([cell, cell]))
    assert load_task(path, known.name).candidates.choices.shape == (2, 6)


def test_missing_and_infinite_scores_are_kept_and_networks_without_accuracy_left_out(tmp_path: Path) -> None:
    scores, accuracy = TASK.candidates.scores.copy(), TASK.accuracy.copy()
    scores[0, 0], scores[1, 1], accuracy[2] = np.nan, np.inf, np.nan
    task = load_task(write_tables(tmp_path / "t.npz", TASK, score=scores, val_accuracy=accuracy), TASK.name)
    assert task.candidates.count == 5
    assert np.isnan(task.candidates.scores[0, 0])
    assert np.isposinf(task.candidates.scores[1, 1])


@pytest.mark.parametrize(
    ("part", "array", "said"),
    [
        ("score", None, "no river/birds/score"),
        ("arch", None, "no river/birds/arch"),
        ("score", np.zeros((5, 3)), "need as many scores"),
        ("score", np.zeros(6), "score must be numbers in 2 dimensions"),
        ("score", np.array([["a"] * 3] * 6), "score must be numbers"),
        ("val_accuracy", np.zeros(4), "6 architectures but 4 accuracies"),
        ("val_accuracy", np.full(6, np.nan), "no accuracy is finite"),
        ("proxy", np.array(["a", "a", "b"]), "named twice"),
        ("proxy", np.zeros(3), "proxy must be a list of names"),
        ("arch", np.array(["(1, 2", *["(1, 2)"] * 5]), "is no list of integers"),
        ("arch", np.array(["(1, 2.5)"] * 6), "is no list of integers"),
        ("arch", np.array(["(1, 2, 3)", *["(1, 2)"] * 5]), "has 2 decisions, the first architecture 3"),
        ("arch", np.array(["(1, 2000)"] * 6), "between 0 and 999"),
        ("arch", np.zeros(6), "texts or a matrix of integers"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, part: str, array: NDArray[np.generic] | None, said: str
) -> None:
    path = write_tables(tmp_path / "t.npz", TASK, **{part: array})
    with pytest.raises(TableError, match=said):
        load_task(path, TASK.name)


@pytest.mark.parametrize(
    ("sources", "target", "error", "said"),
    [
        (["river/bird"], "river/birds", UnknownTaskError, "the nearest is river/birds"),
        ([], "zzz/q", UnknownTaskError, "the known ones are river/birds"),
        (["river/birds"], "river/birds", SameTaskError, "both source and target"),
        (["river/cars", "river/cars"], "river/birds", SameTaskError, "more than once"),
    ],
)
def test_tasks_that_do_not_go_together_are_refused(
    tmp_path: Path, sources: list[str], target: str, error: type[PredictorError], said: str
) -> None:
    path = write_tables(tmp_path / "t.npz", TASK)
    with pytest.raises(error, match=said):
        load_tasks(path, sources=sources, target=target)


def test_an_archive_of_something_else_says_what_it_must_hold(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, arch=np.zeros(3))
    with pytest.raises(TableError, match="holds no task"):
        task_names(path)
    path.write_text("nothing")
    with pytest.raises(TableError, match="is no table"):
        task_names(path)
    with pytest.raises(TableError, match="there is no file"):
        task_names(tmp_path / "u.npz")
