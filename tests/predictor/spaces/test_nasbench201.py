"""NAS-Bench-201: notation, pruning, costs and networks."""

from __future__ import annotations

import pytest
import torch

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.nasbench201.space import NASBench201

CUT = "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_1x1~1|skip_connect~2|"


class TestNASBench201Contract(SearchSpaceContract):
    def make_space(self) -> NASBench201:
        return NASBench201()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("|none~0|+|none~0|none~1|", "six edges"),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~1|", "six edges"),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|conv_7x7~2|", "'conv_7x7' is no operation"),
    ],
)
def test_broken_cell_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ArchitectureError, match=reason):
        NASBench201().parse(text)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_3x3~1|skip_connect~2|", (1, 2, 0, 1)),
        ("|avg_pool_3x3~0|+|avg_pool_3x3~0|none~1|+|none~0|skip_connect~1|skip_connect~2|", (0, 0, 1, 1)),
        ("|skip_connect~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|none~0|none~1|avg_pool_3x3~2|", (0, 0, 2, 1)),
        (CUT, (0, 0, 0, 0)),
    ],
)
def test_pools_of_one_value_are_one_operation(text: str, counts: tuple[int, ...]) -> None:
    space = NASBench201()
    found = space.operation_counts([space.parse(text).choices])
    assert found.tolist() == [list(counts)]


def test_row_of_a_table_numbers_operations_and_edges_in_a_way_of_its_own() -> None:
    architecture = NASBench201().parse_row("(1, 0, 2, 3, 4, 0)")
    assert NASBench201().format(architecture) == (
        "|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|skip_connect~2|"
    )


@pytest.mark.parametrize("text", ["(1, 0, 2, 3, 4)", "(1, 0, 2, 3, 4, 5)", "(1, 0, 2, 3, 4, 0"])
def test_row_that_names_no_cell_is_refused(text: str) -> None:
    with pytest.raises(ArchitectureError, match="six edges"):
        NASBench201().parse_row(text)


def test_row_is_no_notation_that_tells_its_space() -> None:
    with pytest.raises(ArchitectureError, match="six edges"):
        NASBench201().parse("(1, 0, 2, 3, 4, 0)")


@pytest.mark.parametrize(
    ("text", "pruned"),
    [
        # Node 1 leads nowhere.
        (
            "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|skip_connect~2|",
            "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|skip_connect~2|",
        ),
        # Nothing reaches node 1.
        (
            "|none~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|none~0|avg_pool_3x3~1|skip_connect~2|",
            "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|skip_connect~2|",
        ),
        (CUT, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"),
    ],
)
def test_edges_without_effect_are_pruned(text: str, pruned: str) -> None:
    space = NASBench201()
    architectures = space.architectures(space.pruned(space.choices([space.parse(text)])))
    assert space.format(architectures[0]) == pruned


@pytest.mark.parametrize("text", ["|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", CUT])
def test_pruned_network_computes_the_same(text: str) -> None:
    space = NASBench201()
    architecture = space.parse(text)
    pruned = space.architectures(space.pruned(space.choices([architecture])))[0]
    whole, small = space.build(architecture), space.build(pruned)
    small.load_state_dict({name: whole.state_dict()[name] for name in small.state_dict()})
    images = torch.randn(2, *space.input_shape)
    with torch.no_grad():
        assert torch.equal(whole(images), small(images))


def test_depth_counts_the_computing_operations_on_the_longest_path() -> None:
    space = NASBench201()
    texts = [
        "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|none~0|none~1|nor_conv_1x1~2|",
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_3x3~0|none~1|skip_connect~2|",
        "|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|",
        CUT,
    ]
    costs = space.costs(space.choices([space.parse(text) for text in texts]))
    assert (costs.depth / 15).tolist() == [3, 1, 0, 0]


def test_additions_are_paid_for_where_edges_meet() -> None:
    space = NASBench201()
    alone = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    doubled = "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|"
    costs = space.costs(space.choices([space.parse(alone), space.parse(doubled)]))
    assert costs.amounts[0].sum() == 0
    launches = costs.amounts[1, :, costs.quantities.index("launches")]
    assert launches.tolist() == [5, 5, 5]


def test_number_of_classes_is_a_choice() -> None:
    space = NASBench201(class_count=120)
    network = space.build(space.sample(1, seed=0)[0])
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 120)
