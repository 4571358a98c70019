"""The tests that every search space passes, for you to run on a space of your own.

With pytest::

    class TestMySpace(SearchSpaceContract):
        def make_space(self) -> MySpace:
            return MySpace()
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod

import numpy as np

from edgeprof_predictor.errors import ArchitectureError, EncodingError, SampleCountError, SpaceTooLargeError
from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, Architecture
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.categorical import ENUMERABLE_COUNT, CategoricalSpace


class CategoricalSpaceContract(ABC):
    """Tests of a space's text and numbers; subclasses make the space."""

    @abstractmethod
    def make_space(self) -> CategoricalSpace:
        """Return the space under test."""

    def test_text_round_trip_gives_the_same_architecture(self) -> None:
        """`parse` reverses `format`, and outer blanks do not matter."""
        space = self.make_space()
        for architecture in _some(space):
            text = space.format(architecture)
            assert space.parse(text) == architecture, text
            assert space.parse(f"  {text}\n") == architecture, text

    def test_different_architectures_have_different_texts(self) -> None:
        """No two architectures share a text."""
        space = self.make_space()
        texts = [space.format(architecture) for architecture in _some(space)]
        assert len(set(texts)) == len(texts)

    def test_text_that_is_no_architecture_is_refused_with_a_right_example(self) -> None:
        """The error shows the text and an example that parses."""
        space = self.make_space()
        right = space.format(_some(space)[0])
        example = space.format(space.example())
        for wrong in ("", "?", right[:-1] + "?", right + right, right + ",", "9" * 2000):
            try:
                space.parse(wrong)
            except ArchitectureError as error:
                assert example in str(error), str(error)
                assert len(str(error)) < 1000 + len(example), "an error must not flood a terminal"
            else:
                raise AssertionError(f"{wrong!r} must raise ArchitectureError")

    def test_row_of_a_published_table_may_use_the_notation_of_the_space(self) -> None:
        """`parse_row` knows what `parse` knows, and refuses in the same way."""
        space = self.make_space()
        for architecture in _some(space):
            assert space.parse_row(space.format(architecture)) == architecture
        for wrong in ("", "?", "(0, 1", "9" * 2000):
            try:
                space.parse_row(wrong)
            except ArchitectureError as error:
                assert space.format(space.example()) in str(error), str(error)
            else:
                raise AssertionError(f"{wrong!r} must raise ArchitectureError")

    def test_architecture_of_another_space_is_refused(self) -> None:
        """Name, length and range of the choices are checked."""
        space = self.make_space()
        fitting = space.example().choices
        for wrong in (
            Architecture(space=space.name + "-other", choices=fitting),
            Architecture(space=space.name, choices=(*fitting, 0)),
            Architecture(space=space.name, choices=(space.choice_counts[0], *fitting[1:])),
        ):
            try:
                space.format(wrong)
            except ArchitectureError:
                continue
            raise AssertionError(f"{wrong} must raise ArchitectureError")

    def test_choices_and_architectures_reverse_each_other(self) -> None:
        """The choice matrix holds everything that an architecture is."""
        space = self.make_space()
        some = _some(space)
        choices = space.choices(some)
        assert choices.dtype == CHOICE_TYPE
        assert choices.shape == (len(some), len(space.choice_counts))
        assert space.architectures(choices) == some
        assert space.choices([]).shape == (0, len(space.choice_counts))

    def test_choices_out_of_range_are_refused(self) -> None:
        """Too large, negative, fractional and badly shaped choices raise `EncodingError`."""
        space = self.make_space()
        fitting = np.zeros((2, len(space.choice_counts)), dtype=np.int64)
        for wrong in (fitting + max(space.choice_counts), fitting - 1, fitting + 256, fitting + 0.5, fitting[0]):
            try:
                space.one_hot(wrong)
            except EncodingError:
                continue
            raise AssertionError(f"choices {wrong} must raise EncodingError")

    def test_sample_is_distinct_and_repeats_by_seed(self) -> None:
        """The same seed draws the same, another seed draws others, more goes on from fewer."""
        space = self.make_space()
        count = min(50, space.size)
        drawn = space.sample(count, seed=7)
        assert len(set(drawn)) == count
        assert space.sample(count, seed=7) == drawn
        assert space.sample(count // 2, seed=7) == drawn[: count // 2]
        assert space.size < 100 or space.sample(count, seed=8) != drawn

    def test_choices_that_do_not_go_together_are_no_architecture(self) -> None:
        """What `is_valid` refuses is never drawn, and has neither text nor network."""
        space = self.make_space()
        drawn = space.sample_choices(min(50, space.size), seed=5)
        assert space.is_valid(drawn).all()
        rows = np.random.default_rng(0).integers(0, space.choice_counts, (200, len(space.choice_counts)))
        is_valid = space.is_valid(rows)
        assert is_valid.all() or space.size < math.prod(space.choice_counts), "the space must pass its size"
        for wrong in space.architectures(rows[~is_valid]):
            try:
                space.check(wrong)
            except ArchitectureError:
                continue
            raise AssertionError(f"{wrong} must raise ArchitectureError")

    def test_sample_of_more_than_there_are_is_refused(self) -> None:
        """A count outside the space raises `SampleCountError`."""
        space = self.make_space()
        for count in (-1, space.size + 1):
            try:
                space.sample(count, seed=0)
            except SampleCountError:
                continue
            raise AssertionError(f"sample({count}) must raise SampleCountError")

    def test_enumeration_is_whole_or_refused(self) -> None:
        """A space small enough is enumerated; a larger one is refused at once."""
        space = self.make_space()
        try:
            every = space.all_choices()
        except SpaceTooLargeError:
            assert math.prod(space.choice_counts) > ENUMERABLE_COUNT
            try:
                space.enumerate()
            except SpaceTooLargeError:
                return
            raise AssertionError("a space too large to enumerate must raise SpaceTooLargeError") from None
        first = list(itertools.islice(space.enumerate(), 1000))
        assert len(set(first)) == len(first) == min(1000, space.size)
        assert space.choices(first).tolist() == every[: len(first)].tolist()
        assert len(every) == space.size
        assert space.is_valid(every[:: 1 + len(every) // 1000]).all()

    def test_one_hot_marks_one_option_of_each_decision(self) -> None:
        """The encoding has a fixed width, and differs between all architectures."""
        space = self.make_space()
        encoding = space.one_hot(space.choices(_some(space)))
        assert encoding.shape == (len(_some(space)), sum(space.choice_counts))
        assert np.all(encoding.sum(axis=1) == len(space.choice_counts))
        assert len(np.unique(encoding, axis=0)) == len(encoding)

    def test_pruning_twice_changes_nothing_more(self) -> None:
        """Pruned choices are legal, settled, and as connected as before."""
        space = self.make_space()
        choices = space.choices(_some(space))
        pruned = space.pruned(choices)
        assert np.array_equal(space.pruned(pruned), pruned)
        assert np.array_equal(space.is_connected(pruned), space.is_connected(choices))
        assert space.is_valid(pruned).all()

    def test_costs_of_an_architecture_do_not_depend_on_its_batch(self) -> None:
        """Known costs are the same one by one, and the same for the pruned architecture."""
        space = self.make_space()
        choices = space.choices(_some(space))
        costs = space.costs(choices)
        if costs is None:
            return
        one_by_one = [space.costs(row[None]) for row in choices]
        assert np.array_equal(costs.amounts, [one.amounts[0] for one in one_by_one if one is not None])
        assert np.array_equal(costs.depth, [one.depth[0] for one in one_by_one if one is not None])
        assert np.allclose(costs.totals, costs.amounts.sum(axis=1) + costs.fixed)
        pruned = space.costs(space.pruned(choices))
        assert pruned is not None
        assert np.array_equal(pruned.amounts, costs.amounts)


class SearchSpaceContract(CategoricalSpaceContract):
    """Tests of a space whose architectures are networks."""

    @abstractmethod
    def make_space(self) -> SearchSpace:
        """Return the space under test."""

    def test_network_runs_and_its_output_has_the_stated_shape(self) -> None:
        """Every network takes a batch of images and answers with finite numbers."""
        import torch

        space = self.make_space()
        for architecture in _some(space)[:5]:
            network = space.build(architecture)
            assert not network.training, "a built network must be ready for inference"
            with torch.no_grad():
                output = network(torch.randn(2, *space.input_shape))
            assert tuple(output.shape) == (2, *space.output_shape), space.format(architecture)
            assert torch.isfinite(output).all(), space.format(architecture)

    def test_weights_repeat_by_seed_and_leave_torch_alone(self) -> None:
        """The same seed builds the same weights, whatever torch drew before, and draws nothing from it."""
        import torch

        space = self.make_space()
        architecture = _some(space)[0]
        before = torch.get_rng_state()
        first = space.build(architecture, seed=3).state_dict()
        assert torch.equal(torch.get_rng_state(), before)
        torch.rand(1)
        second = space.build(architecture, seed=3).state_dict()
        other = space.build(architecture, seed=4).state_dict()
        assert all(torch.equal(first[name], second[name]) for name in first)
        assert any(not torch.equal(first[name], other[name]) for name in first)

    def test_building_an_architecture_of_another_space_is_refused(self) -> None:
        """`build` checks what it is given."""
        space = self.make_space()
        try:
            space.build(Architecture(space=space.name + "-other", choices=(0,) * len(space.choice_counts)))
        except ArchitectureError:
            return
        raise AssertionError("build must raise ArchitectureError")


def _some(space: CategoricalSpace) -> list[Architecture]:
    """Return up to 20 architectures, the all-first and all-last options among them where they are some."""
    corners = np.array([[0] * len(space.choice_counts), [count - 1 for count in space.choice_counts]])
    drawn = space.sample(min(18, space.size), seed=0)
    return list(dict.fromkeys([*space.architectures(corners[space.is_valid(corners)]), *drawn]))
