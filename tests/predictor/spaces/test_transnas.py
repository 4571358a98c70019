"""TransNAS-Bench-101: notation, validity, tasks, costs and networks of both spaces."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from edgeprof_predictor.errors import ArchitectureError, EncodingError, UnknownSearchSpaceError
from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.transnas.macro import TransNASMacro
from edgeprof_predictor.spaces.transnas.micro import TransNASMicro

SPACES = [TransNASMacro, TransNASMicro]
CUT = "64-41414-0_33_000"


class TestTransNASMicroContract(SearchSpaceContract):
    def make_space(self) -> TransNASMicro:
        return TransNASMicro(side=64)


class TestTransNASMacroContract(SearchSpaceContract):
    def make_space(self) -> TransNASMacro:
        return TransNASMacro(side=64)


def test_both_spaces_have_as_many_architectures_as_published() -> None:
    macro, micro = TransNASMacro(), TransNASMicro()
    assert len(macro.all_choices()) == macro.size == 3256
    assert len(micro.all_choices()) == micro.size == 4096


def test_notation_is_the_published_one() -> None:
    macro, micro = TransNASMacro(), TransNASMicro()
    assert macro.parse("64-1234-basic").choices == (1, 2, 3, 4, 0, 0)
    assert micro.parse("64-41414-1_02_333").choices == (1, 0, 2, 3, 3, 3)
    assert macro.format(macro.parse_row("(4, 1, 3, 3, 3, 1)")) == "64-413331-basic"
    assert micro.format(micro.parse_row("(1, 0, 0, 2, 1, 0)")) == "64-41414-1_00_210"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("64-1234", "a digit from 1 to 4 for each module"),
        ("64-12340-basic", "a digit from 1 to 4 for each module"),
        ("64-1235-basic", r"choice 3 of transnasbench101_macro must be below 5, got 5"),
        ("64-1234111-basic", "has 6 choices, got 7"),
        ("64-124-basic", "4 to 6 modules and no gap"),
        ("(1, 2, 0, 3, 4, 0)", "4 to 6 modules and no gap"),
        ("64-1133-basic", r"1 to 3 of them double the channels \(2 or 4\)"),
        ("64-33334-basic", r"1 to 4 halve the resolution \(3 or 4\)"),
    ],
)
def test_modules_that_are_no_network_are_refused_with_the_rule(text: str, reason: str) -> None:
    with pytest.raises(ArchitectureError, match=f"{reason}.*; a right one is '64-1234-basic'"):
        TransNASMacro().parse_row(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("64-41414-1_02_33", "six digits"), ("32-41414-1_02_333", "needs 64-41414-"), ("(0, 0, 4, 0, 0, 0)", "below 4")],
)
def test_broken_cell_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ArchitectureError, match=f"{reason}.*; a right one is '64-41414-0_00_000'"):
        TransNASMicro().parse_row(text)


def test_rows_that_are_no_network_have_costs_so_that_a_search_may_look_before_it_asks() -> None:
    space = TransNASMacro()
    costs = space.costs([[1, 2, 3, 4, 0, 0], [1, 2, 0, 3, 0, 4], [4, 4, 4, 4, 4, 4], [0, 0, 0, 0, 0, 0]])
    assert costs.totals[0].tolist() == costs.totals[1].tolist()
    assert costs.amounts[3, :-1].sum() == 0


def test_edges_without_effect_are_pruned_and_cost_nothing() -> None:
    space = TransNASMicro()
    choices = space.choices([space.parse("64-41414-3_02_000"), space.parse(CUT)])
    assert space.is_connected(choices).tolist() == [False, False]
    assert not space.pruned(choices).any()
    assert space.costs(choices).amounts.sum() == 0
    assert space.costs_as_written(choices).amounts.sum() > 0


def test_a_skip_computes_where_the_shape_changes_and_nowhere_else() -> None:
    space = TransNASMicro()
    texts = ["64-41414-0_00_100", "64-41414-1_01_001", "64-41414-0_00_300", "64-41414-3_02_001"]
    depth = space.costs(space.choices([space.parse(text) for text in texts])).depth
    assert depth.tolist() == [3, 3, 10, 20]


def test_depth_counts_the_convolutions_of_a_chain_of_modules() -> None:
    space = TransNASMacro()
    texts = ["64-1234-basic", "64-123411-basic"]
    assert space.costs(space.choices([space.parse(text) for text in texts])).depth.tolist() == [16, 24]


def test_a_cut_cell_still_changes_the_shape_and_reads_its_input() -> None:
    space = TransNASMicro(side=64)
    network = space.build(space.parse(CUT))
    assert isinstance(network, nn.Sequential)
    images = torch.randn(1, *space.input_shape, requires_grad=True)
    features = network[1](network[0](images))
    assert features.shape == (1, 128, 8, 8)
    assert not features.any()
    features.sum().backward()
    assert images.grad is not None


@pytest.mark.parametrize("space_class", SPACES)
@pytest.mark.parametrize(
    ("task", "input_shape", "output_shape"),
    [
        ("class_scene", (3, 256, 256), (63,)),
        ("class_object", (3, 256, 256), (100,)),
        ("jigsaw", (27, 64, 64), (1000,)),
        ("autoencoder", (3, 256, 256), (3, 256, 256)),
        ("normal", (3, 256, 256), (3, 256, 256)),
    ],
)
def test_task_decides_what_goes_in_and_what_comes_out(
    space_class: type[TransNASMacro | TransNASMicro],
    task: str,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
) -> None:
    space = space_class(task)
    assert space.input_shape == input_shape
    assert space.output_shape == output_shape


@pytest.mark.parametrize("space", [TransNASMacro("normal", side=64), TransNASMicro("jigsaw")], ids=lambda s: s.name)
def test_networks_of_other_tasks_answer_in_their_shape(space: TransNASMacro | TransNASMicro) -> None:
    network = space.build(space.example())
    with torch.no_grad():
        output = network(torch.randn(2, *space.input_shape))
    assert tuple(output.shape) == (2, *space.output_shape)


def test_tiles_are_read_one_by_one() -> None:
    space = TransNASMicro("jigsaw")
    network = space.build(space.parse("64-41414-0_00_200"))
    assert isinstance(network, nn.Sequential)
    tiles = torch.randn(2, *space.input_shape)
    with torch.no_grad():
        together = network[0](tiles)
        alone = network[0][1:](tiles[1, 3:6][None])
    assert torch.allclose(together[9 + 1], alone[0], atol=1e-5)


@pytest.mark.parametrize("space_class", SPACES)
def test_what_does_not_fit_a_task_is_refused(space_class: type[TransNASMacro | TransNASMicro]) -> None:
    with pytest.raises(UnknownSearchSpaceError, match="no task 'depth'; the known ones are class_scene, class_object"):
        space_class("depth")
    with pytest.raises(EncodingError, match="multiple of 64, got 100"):
        space_class(side=100)
    with pytest.raises(EncodingError, match="normal asks for an image and has no classes, got 10"):
        space_class("normal", class_count=10)
    with pytest.raises(EncodingError, match="at least one class, got 0"):
        space_class(class_count=0)
    assert space_class(class_count=47).output_shape == (47,)


def test_a_jigsaw_pays_for_nine_tiles_and_holds_its_weights_once() -> None:
    choices = [[1, 2, 3, 4, 0, 0]]
    jigsaw, scene = TransNASMacro("jigsaw").costs(choices), TransNASMacro("class_scene", side=64).costs(choices)
    ratios = {
        name: jigsaw.amounts[0, 0, index] / scene.amounts[0, 0, index]
        for index, name in enumerate(jigsaw.quantities)
        if scene.amounts[0, 0, index] > 0
    }
    assert ratios == {"macs": 9, "params": 1, "traffic": 9, "launches": 1, "elementwise": 9}
