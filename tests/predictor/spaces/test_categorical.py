"""A space known by its columns alone, and the numbers that all spaces share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.errors import ArchitectureError, EncodingError
from edgeprof_predictor.spaces.architecture import Architecture
from edgeprof_predictor.spaces.categorical import OPTION_COUNT_MAX, CategoricalSpace
from edgeprof_predictor.spaces.contract import CategoricalSpaceContract


class TestIntegerTableContract(CategoricalSpaceContract):
    def make_space(self) -> CategoricalSpace:
        return CategoricalSpace("table", (3, 2, 4))


class TestHugeTableContract(CategoricalSpaceContract):
    def make_space(self) -> CategoricalSpace:
        return CategoricalSpace("huge", (127,) * 40)


class Rising(CategoricalSpace):
    """Three numbers below four, none smaller than the one before it."""

    def __init__(self) -> None:
        super().__init__("rising", (4, 4, 4), size=20)

    def is_valid(self, choices: ArrayLike) -> NDArray[np.bool_]:
        return np.all(np.diff(self.check_choices(choices), axis=1) >= 0, axis=1)


class TestContractOfASpaceWhoseChoicesMustGoTogether(CategoricalSpaceContract):
    def make_space(self) -> CategoricalSpace:
        return Rising()


def test_choices_that_do_not_go_together_are_refused_by_name() -> None:
    space = Rising()
    with pytest.raises(ArchitectureError, match=r"choices \(0, 2, 1\) of rising do not go together"):
        space.choices([*space.sample(3, seed=0), Architecture(space="rising", choices=(0, 2, 1))])


def test_one_hot_columns_follow_the_decisions() -> None:
    space = CategoricalSpace("table", (3, 2))
    assert space.one_hot([[2, 0], [0, 1]]).tolist() == [[0, 0, 1, 1, 0], [1, 0, 0, 0, 1]]


def test_whole_space_can_be_drawn() -> None:
    space = CategoricalSpace("table", (3, 2, 4))
    drawn = space.sample_choices(space.size, seed=5)
    assert sorted(drawn.tolist()) == space.all_choices().tolist()


def test_every_option_is_drawn_about_equally_often() -> None:
    drawn = CategoricalSpace("huge", (4,) * 30).sample_choices(4000, seed=0)
    for column in drawn.T:
        assert np.all(np.abs(np.bincount(column, minlength=4) - 1000) < 200)


def test_space_without_class_knows_no_costs_and_prunes_nothing() -> None:
    space = CategoricalSpace("table", (3, 2))
    assert space.costs([[2, 1]]) is None
    assert space.pruned([[2, 1]]).tolist() == [[2, 1]]
    assert space.is_connected([[2, 1]]).tolist() == [True]


@pytest.mark.parametrize("choice_counts", [(), (0,), (3, OPTION_COUNT_MAX + 1)])
def test_space_with_impossible_option_counts_is_refused(choice_counts: tuple[int, ...]) -> None:
    with pytest.raises(EncodingError, match="1 to 1000 options"):
        CategoricalSpace("table", choice_counts)


@pytest.mark.parametrize("choices", [(), (0, -1)])
def test_architecture_without_choice_or_with_a_negative_one_is_refused(choices: tuple[int, ...]) -> None:
    with pytest.raises(ArchitectureError, match="choices >= 0"):
        Architecture(space="table", choices=choices)
