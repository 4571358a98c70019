"""NAS-Bench-101 and NAS-Bench-301 against the parameters and FLOPs of their published tables."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from published_data import DATA_FOLDER, needs_published_tables
from torch import Tensor, nn

from edgeprof_predictor.spaces import ChoiceArray, FloatArray, get_space, space_of_notation
from edgeprof_predictor.spaces.nasbench101.cells import Cells
from edgeprof_predictor.spaces.nasbench101.geometry import CELL_COUNT, IMAGE_SIDE, STAGE_CHANNELS
from edgeprof_predictor.spaces.nasbench101.geometry import OPERATIONS as VERTEX_OPERATIONS
from edgeprof_predictor.spaces.nasbench301.geometry import CELL_PLACES, INPUT_COUNT
from edgeprof_predictor.spaces.nasbench301.geometry import OPERATIONS as EDGE_OPERATIONS
from edgeprof_predictor.spaces.nasbench301.notation import CELL_CHOICE_COUNTS, edge_arrays

pytestmark = [
    needs_published_tables,
    pytest.mark.parametrize("name", ["nasbench101", "nasbench301"]),
]


@cache
def published(name: str) -> tuple[list[str], FloatArray, FloatArray]:
    """Texts, FLOPs and parameters of a space's table."""
    prefix = f"{name}/cifar10/"
    with np.load(DATA_FOLDER / "accuracy_and_zcp.npz", allow_pickle=False) as archive:
        texts, columns, score = (archive[prefix + part] for part in ("arch", "proxy", "score"))
    flops, params = np.round(1e6 * score[:, [columns.tolist().index("flops"), columns.tolist().index("params")]]).T
    return texts.tolist(), flops, params


@cache
def published_choices(name: str) -> ChoiceArray:
    space = get_space(name)
    return space.choices([space.parse_row(text) for text in published(name)[0]])


def count_flops(network: nn.Module, *, is_global_pool_seen: bool) -> tuple[int, int]:
    """Count, by a forward pass, multiply-accumulates and FLOPs as published.

    The published counter sees a normalisation as two operations for each element where it has weights and as
    one where it has none, an activation as one, and a window of a pool as so many as it is large; a global
    pool's window it takes for one row and one column larger than it is.
    """
    macs, weightless = 0, 0

    def look(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs, weightless
        if isinstance(module, nn.Conv2d):
            macs += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            macs += module.weight.numel()
        elif isinstance(module, nn.BatchNorm2d):
            weightless += output.numel() * (1 + module.affine)
        elif isinstance(module, nn.ReLU):
            weightless += output.numel()
        elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
            assert isinstance(module.kernel_size, int)
            weightless += output.numel() * module.kernel_size**2
        elif isinstance(module, nn.AdaptiveAvgPool2d) and is_global_pool_seen:
            weightless += output.numel() * (inputs[0].shape[-1] + 1) ** 2

    for module in network.modules():
        module.register_forward_hook(look)
    with torch.no_grad():
        network(torch.zeros(1, 3, IMAGE_SIDE, IMAGE_SIDE))
    return macs, macs + weightless


def vertex_weightless(choices: ChoiceArray) -> FloatArray:
    """Count what the published counter sees beside multiply-accumulates in NAS-Bench-101: `n`."""
    cells = Cells.of(choices).pruned()
    counts, parts = cells.part_counts()[:, None], cells.parts()
    is_live = cells.edges[:, :, 1:-1].any(axis=1)
    is_pool = is_live & (cells.operations == VERTEX_OPERATIONS.index("maxpool3x3"))
    weights = 3 * (cells.edges[:, 0, 1:-1] * 1 + (is_live & ~is_pool)) + 9 * is_pool
    seen = np.full(len(choices), 3.0 * STAGE_CHANNELS[0] * IMAGE_SIDE**2)
    for stage, channels in enumerate(STAGE_CHANNELS):
        side = IMAGE_SIDE >> stage
        shares = np.maximum(counts, 1)
        widths = channels // shares + (parts < channels % shares)
        seen += CELL_COUNT * side**2 * ((weights * widths).sum(axis=1) + 3 * channels * cells.edges[:, 0, -1])
        if stage:
            seen += STAGE_CHANNELS[stage - 1] * (2 * side) ** 2
    return seen


# Operations for each element written: of an edge that keeps the resolution, and of one that halves it, whose
# activation reads four elements for one that it writes.
EDGE_WEIGHTLESS = {
    "max_pool_3x3": (10, 10),
    "avg_pool_3x3": (10, 10),
    "skip_connect": (0, 5),
    "sep_conv_3x3": (4, 7),
    "sep_conv_5x5": (4, 7),
    "dil_conv_3x3": (2, 5),
    "dil_conv_5x5": (2, 5),
}


def edge_weightless(choices: ChoiceArray) -> FloatArray:
    """Count what the published counter sees on the edges of NAS-Bench-301, the same for all left out: `n`."""
    half = len(CELL_CHOICE_COUNTS)
    weights = np.array([EDGE_WEIGHTLESS[name] for name in EDGE_OPERATIONS])
    seen = np.zeros(len(choices))
    for place in CELL_PLACES:
        starts, operations = edge_arrays(choices[:, half:] if place.is_reduction else choices[:, :half])
        is_strided = (place.is_reduction & (starts < INPUT_COUNT)).astype(np.intp)
        seen += place.channels * place.side_out**2 * weights[operations, is_strided].sum(axis=1)
    return seen


def test_parameters_of_every_architecture_equal_the_published_ones(name: str) -> None:
    assert np.array_equal(get_space(name).costs(published_choices(name)).total("params"), published(name)[2])


def test_flops_of_every_architecture_are_the_published_ones_by_a_rule(name: str) -> None:
    costs = get_space(name).costs(published_choices(name))
    macs = costs.total("macs") + costs.total("depthwise_macs")
    weightless = (vertex_weightless if name == "nasbench101" else edge_weightless)(published_choices(name))
    constant = set((published(name)[1] - macs - weightless).tolist())
    # Stem, inputs of cells and head of NAS-Bench-301 see the same in every network; the next test counts them.
    assert constant == {0.0} if name == "nasbench101" else len(constant) == 1


def test_networks_have_the_published_parameters_and_flops(name: str) -> None:
    space = get_space(name)
    flops, params = (column[[1, 3]] for column in published(name)[1:])
    choices = published_choices(name)[[1, 3]]
    costs = space.costs(choices)
    for index, architecture in enumerate(space.architectures(choices)):
        network = space.build(architecture)
        assert sum(parameter.numel() for parameter in network.parameters()) == params[index]
        # In NAS-Bench-101's networks the mean over the image is no layer, so that the counter passed it by.
        macs, seen = count_flops(network, is_global_pool_seen=name == "nasbench301")
        assert seen == flops[index]
        assert macs == costs.total("macs")[index] + costs.total("depthwise_macs")[index]


def test_rows_of_the_table_tell_their_space_and_are_written_as_published(name: str) -> None:
    space = get_space(name)
    for text in published(name)[0][:50]:
        found = space_of_notation(text)
        assert found is space
        architecture = space.parse_row(text)
        assert space.parse(space.format(architecture)) == architecture
