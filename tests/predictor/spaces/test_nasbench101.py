"""NAS-Bench-101: notation, valid cells, pruning, costs and networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces import Architecture, ChoiceArray
from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.costs import QUANTITIES
from edgeprof_predictor.spaces.nasbench101.geometry import EDGES, OUTPUT, VERTEX_COUNT
from edgeprof_predictor.spaces.nasbench101.space import NASBench101

POOL = "ModelSpec(matrix=[[0, 1, 0], [0, 0, 1], [0, 0, 0]], ops=['input', 'maxpool3x3', 'output'])"
BARE = "ModelSpec(matrix=[[0, 1], [0, 0]], ops=['input', 'output'])"
# The cell that the publication's example queries, an Inception module.
INCEPTION = (
    "ModelSpec(matrix=[[0, 1, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0, 0], "
    "[0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0]], ops=['input', 'conv1x1-bn-relu', "
    "'conv3x3-bn-relu', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'maxpool3x3', 'output'])"
)


class TestNASBench101Contract(SearchSpaceContract):
    def make_space(self) -> NASBench101:
        return NASBench101()


def spec(vertex_count: int, edges: set[tuple[int, int]], *operations: str) -> str:
    matrix = [[int((start, end) in edges) for end in range(vertex_count)] for start in range(vertex_count)]
    return f"ModelSpec(matrix={matrix}, ops={['input', *operations, 'output']})"


CONV = "conv3x3-bn-relu"


@pytest.mark.parametrize("text", [POOL, BARE, INCEPTION])
def test_published_notation_is_written_as_it_was_read(text: str) -> None:
    space = NASBench101()
    assert space.format(space.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        POOL.replace("'", '"').replace(" ", ""),
        POOL.removeprefix("ModelSpec"),
        "[[0, 1, 0], [0, 0, 1], [0, 0, 0]], ['input', 'maxpool3x3', 'output']",
        "ModelSpec( matrix = [ [0,1,0], [0,0,1],\n [0,0,0] ], ops = [ 'input', 'maxpool3x3', 'output' ] )",
    ],
)
def test_notation_may_be_written_in_several_ways(text: str) -> None:
    assert NASBench101().parse(text) == NASBench101().parse(POOL)


def test_row_of_a_table_holds_matrix_and_numbered_operations() -> None:
    matrix = np.zeros((VERTEX_COUNT, VERTEX_COUNT), dtype=np.int64)
    matrix[0, 1] = matrix[1, 3] = matrix[3, OUTPUT] = 1
    architecture = NASBench101().parse_row(str((*matrix.flatten().tolist(), 0, 4, 2, 3, 2, 2, 1)))
    (pruned,) = NASBench101().architectures(NASBench101().pruned([architecture.choices]))
    assert NASBench101().format(pruned) == spec(4, {(0, 1), (1, 2), (2, 3)}, CONV, "conv1x1-bn-relu")


ALL_EDGES = {(start, end) for end in range(6) for start in range(end)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ModelSpec", "a matrix of 0 and 1 and a list of operations"),
        (POOL.replace("1", "2"), "a matrix of 0 and 1 and a list of operations"),
        (POOL.removeprefix("ModelSpec("), "a matrix of 0 and 1 and a list of operations"),
        ("[[0]], ['input']", "2 to 7 vertices, got 1"),
        (spec(8, {(0, 7)}, *[CONV] * 6), "2 to 7 vertices, got 8"),
        ("[[0, 1], [0]], ['input', 'output']", "rows of 2, 1 and 2 operations"),
        (spec(3, {(0, 2)}), "3 vertices need a matrix of 3 columns and as many operations, got .* 2 operations"),
        (spec(3, {(0, 1), (2, 1)}, CONV), "ones above the diagonal only"),
        (spec(3, {(0, 1), (1, 1), (1, 2)}, CONV), "ones above the diagonal only"),
        ("[[0, 1], [0, 0]], ['output', 'input']", "the first vertex is the input"),
        (spec(3, {(0, 1), (1, 2)}, "conv5x5-bn-relu"), "'conv5x5-bn-relu' is no operation; they are conv3x3-bn-relu, "),
        (spec(3, {(0, 1)}, CONV), "the input of the cell does not reach its output"),
        (spec(6, ALL_EDGES, *[CONV] * 4), "at most 9 edges on paths from input to output, got 15"),
        (str((2, *[0] * 54, 1)), "must hold 0 and 1"),
        (str((0, 1, *[0] * 54)), "the last the output, got input and input"),
    ],
)
def test_broken_cell_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ArchitectureError, match=reason):
        NASBench101().parse(text)


def test_edges_off_every_path_do_not_count_against_the_limit() -> None:
    space = NASBench101()
    dead_end = {(start, 5) for start in range(5)} | {(start, 4) for start in range(4)}
    architecture = space.parse(spec(7, dead_end | {(0, 1), (1, 6)}, *[CONV] * 5))
    (pruned,) = space.architectures(space.pruned([architecture.choices]))
    assert space.format(pruned) == spec(3, {(0, 1), (1, 2)}, CONV)


def test_invalid_choices_are_refused_where_a_network_is_asked_for() -> None:
    everything = Architecture(space="nasbench101", choices=(*[1] * len(EDGES), *[0] * 5))
    with pytest.raises(ArchitectureError, match="at most 9 edges on paths from input to output, got 21"):
        NASBench101().build(everything)


@pytest.fixture(scope="module")
def networks() -> ChoiceArray:
    return NASBench101().all_choices()


def test_number_of_networks_is_the_published_one(networks: ChoiceArray) -> None:
    space = NASBench101()
    assert len(networks) == len(set(map(bytes, networks))) == space.size == 423_624
    some = networks[::97]
    assert space.is_valid(some).all()
    assert np.array_equal(space.pruned(some), some)


def test_cells_that_differ_in_the_numbers_of_vertices_alone_are_one_network(networks: ChoiceArray) -> None:
    space = NASBench101()
    edges = {(0, 1), (0, 2), (1, 3), (2, 3)}
    swapped = [space.parse(spec(4, edges, *names)).choices for names in ((CONV, "maxpool3x3"), ("maxpool3x3", CONV))]
    assert sum(choices in swapped for choices in map(tuple, networks[:200].tolist())) == 1


def test_pruned_network_computes_the_same() -> None:
    space = NASBench101()
    whole = space.parse(spec(5, {(0, 1), (0, 2), (2, 3), (0, 3), (3, 4)}, CONV, "conv1x1-bn-relu", "maxpool3x3"))
    (pruned,) = space.architectures(space.pruned([whole.choices]))
    assert pruned != whole
    images = torch.randn(1, *space.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(space.build(whole)(images), space.build(pruned)(images))


def widths(text: str) -> list[list[int]]:
    """Widths of the vertices of the last cell of each stage, the output first."""
    network = NASBench101().build(NASBench101().parse(text))
    cells = [module for module in network.modules() if type(module).__name__ == "Cell"]
    return [list(cell.widths.values()) for cell in cells[2::3]]


def test_vertices_split_the_channels_of_the_output_and_feed_others_at_their_width() -> None:
    joined = {(0, 1), (1, 2), (1, 3), (2, 5), (3, 5), (0, 4), (4, 5)}
    # 128 = 43 + 43 + 42; the first vertex is not joined, and is as wide as the widest it leads to.
    assert widths(spec(6, joined, *[CONV] * 4)) == [
        [128, 43, 43, 43, 42],
        [256, 86, 86, 85, 85],
        [512, 171, 171, 171, 170],
    ]


def test_depth_counts_projections_and_operations_on_the_longest_path() -> None:
    space = NASBench101()
    costs = space.costs(space.choices([space.parse(text) for text in (BARE, POOL, INCEPTION)]))
    assert (costs.depth / 9).tolist() == [1, 2, 3]


def test_where_vertices_meet_they_are_cut_added_and_joined() -> None:
    space = NASBench101()
    plain = spec(4, {(0, 1), (1, 2), (2, 3)}, CONV, CONV)
    added = spec(4, {(0, 1), (1, 2), (2, 3), (0, 2)}, CONV, CONV)
    joined = spec(4, {(0, 1), (1, 2), (2, 3), (1, 3)}, CONV, CONV)
    cut = spec(5, {(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (1, 4)}, CONV, CONV, CONV)
    costs = space.costs(space.choices([space.parse(text) for text in (plain, added, joined, cut)]))
    launches = costs.amounts[:, :, QUANTITIES.index("launches")] / 3
    assert launches[0].tolist() == [3, 3, 3]  # a projection and two convolutions
    assert launches[1].tolist() == [5, 5, 5]  # another projection, an addition
    assert launches[2].tolist() == [4, 4, 4]  # a concatenation
    # Thirds of 128 are 43, 43 and 42: the last vertex is cut once; of 256, two are; of 512 one is again.
    assert launches[3].tolist() == [6, 7, 6]


def test_cell_that_is_not_connected_costs_its_skeleton() -> None:
    space = NASBench101()
    costs = space.costs([[0] * (len(EDGES) + 5)])
    assert costs.amounts.sum() == 0
    assert costs.depth.tolist() == [0]


def test_number_of_classes_is_a_choice() -> None:
    space = NASBench101(class_count=7)
    assert list(space.build(space.parse(POOL)).parameters())[-1].shape == (7,)
