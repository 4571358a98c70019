"""FBNet: notation, costs and networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.fbnet.geometry import BLOCKS, LAYERS, OPERATIONS, STAGES
from edgeprof_predictor.spaces.fbnet.network import ChannelShuffle, InvertedResidual
from edgeprof_predictor.spaces.fbnet.space import FBNet, block_costs

SKIPS = ",".join(["skip"] * 22)


class TestFBNetContract(SearchSpaceContract):
    def make_space(self) -> FBNet:
        return FBNet()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("skip,skip", "22 blocks, got 2"),
        (SKIPS.replace("skip", "k7_e6", 1), "'k7_e6' is no block; the blocks are k3_e1, "),
    ],
)
def test_broken_list_of_blocks_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ArchitectureError, match=reason):
        FBNet().parse(text)


def test_only_layers_5_9_and_17_halve_the_resolution() -> None:
    assert [index for index, layer in enumerate(LAYERS) if layer.stride == 2] == [5, 9, 17]
    assert [layer.side for layer in LAYERS] == [32] * 6 + [16] * 4 + [8] * 8 + [4] * 4


def test_costs_are_the_sum_of_the_blocks_of_each_stage() -> None:
    space = FBNet()
    choices = space.sample_choices(3, seed=2)
    costs = space.costs(choices)
    assert costs.amounts.shape == (3, len(STAGES), len(costs.quantities))
    for row, amounts in zip(choices, costs.amounts, strict=True):
        blocks = [block_costs(layer, BLOCKS[OPERATIONS[choice]]) for layer, choice in zip(LAYERS, row, strict=True)]
        for stage in range(len(STAGES)):
            expected = sum(block for layer, block in zip(LAYERS, blocks, strict=True) if layer.stage == stage)
            assert np.array_equal(amounts[stage], expected)


def test_skip_is_free_where_the_shape_stays() -> None:
    space = FBNet()
    costs = space.costs(space.choices([space.parse(SKIPS)]))
    launches = costs.amounts[0, :, costs.quantities.index("launches")]
    assert launches.tolist() == [0, 1, 1, 1, 1, 1, 1]
    assert costs.depth.tolist() == [0]


def test_channel_shuffle_interleaves_the_groups() -> None:
    channels = torch.arange(6.0).reshape(1, 6, 1, 1)
    assert ChannelShuffle(2)(channels).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_residual_is_added_only_where_shapes_allow_it() -> None:
    residuals = [InvertedResidual(layer, BLOCKS["k3_e1"]).is_residual for layer in LAYERS]
    assert [index for index, is_residual in enumerate(residuals) if not is_residual] == [1, 5, 9, 13, 17, 21]
