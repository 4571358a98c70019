"""Our costs and networks against the FLOPs, parameters and notation of the published tables."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from published_data import DATA_FOLDER, needs_published_tables
from torch import Tensor, nn

from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.spaces.fbnet.geometry import BLOCKS, LAYERS, Block, Layer
from edgeprof_predictor.spaces.fbnet.geometry import OPERATIONS as FBNET_OPERATIONS
from edgeprof_predictor.spaces.fbnet.network import InvertedResidual
from edgeprof_predictor.spaces.fbnet.space import FBNet
from edgeprof_predictor.spaces.nasbench201.geometry import CELL_COUNT, IMAGE_SIDE, OPERATIONS, STAGE_CHANNELS
from edgeprof_predictor.spaces.nasbench201.space import NASBench201

pytestmark = needs_published_tables


def load(name: str) -> dict[str, NDArray[np.generic]]:
    with np.load(DATA_FOLDER / name, allow_pickle=False) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def fbnet_table() -> tuple[ChoiceArray, FloatArray, FloatArray]:
    """Choices, FLOPs and parameters of 5000 architectures."""
    table = load("zcp_fbnet.npz")
    columns = table["proxy"].tolist()
    score = table["score"].astype(np.float64)
    return table["arch"].astype(np.int8), score[:, columns.index("flops")], score[:, columns.index("params")]


@pytest.fixture(scope="module")
def nasbench201_table() -> tuple[ChoiceArray, FloatArray, FloatArray]:
    """Choices, FLOPs and parameters of 725 architectures."""
    table = load("accuracy_and_zcp.npz")
    prefix = "nasbench201/cifar10/"
    columns = table[prefix + "proxy"].tolist()
    score = 1e6 * table[prefix + "score"].astype(np.float64)
    space = NASBench201()
    choices = space.choices([space.parse_row(text) for text in table[prefix + "arch"].tolist()])
    return choices, score[:, columns.index("flops")], score[:, columns.index("params")]


def count_flops(network: nn.Module, *, uncounted: set[nn.Module]) -> dict[str, int]:
    """Count, by a forward pass, multiply-accumulates and the weightless rest as published."""
    counts = {"macs": 0, "depthwise_macs": 0, "weightless": 0}

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            is_depthwise = module.groups == module.in_channels > 1
            counts["depthwise_macs" if is_depthwise else "macs"] += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            counts["macs"] += module.weight.numel()
        elif isinstance(module, nn.BatchNorm2d):
            counts["weightless"] += 2 * output.numel()
        elif isinstance(module, nn.AvgPool2d):
            assert isinstance(module.kernel_size, int)
            counts["weightless"] += module.kernel_size**2 * output.numel()
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            counts["weightless"] += inputs[0].numel()
        elif isinstance(module, nn.ReLU) and module not in uncounted:
            counts["weightless"] += output.numel()

    for module in network.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, 32, 32))
    return counts


def test_fbnet_operations_are_numbered_as_in_the_latency_table() -> None:
    assert tuple(load("latency_fbnet.npz")["op"].tolist()) == FBNET_OPERATIONS


def test_fbnet_parameters_equal_the_published_ones(
    fbnet_table: tuple[ChoiceArray, FloatArray, FloatArray],
) -> None:
    choices, _, params = fbnet_table
    assert np.array_equal(FBNet().costs(choices).total("params"), params)


def test_fbnet_flops_of_every_architecture_are_the_published_ones(
    fbnet_table: tuple[ChoiceArray, FloatArray, FloatArray],
) -> None:
    choices, flops, _ = fbnet_table
    costs = FBNet().costs(choices)
    weightless = np.array([[block_weightless(layer, block) for block in BLOCKS.values()] for layer in LAYERS])
    seen = weightless[np.arange(len(LAYERS)), choices].sum(axis=1)
    rest = flops - costs.total("macs") - costs.total("depthwise_macs") - seen
    # Stem and head see the same in every network; the next test counts them.
    assert len(set(rest.tolist())) == 1


def block_weightless(layer: Layer, block: Block) -> int:
    """Count two operations of each normalisation, and the second of a block's activations, which share a module."""
    side_out = layer.side // layer.stride
    elements_out = layer.channels_out * side_out**2
    if block.is_skip:
        return 0 if layer.is_shape_kept else 3 * elements_out
    inner = layer.channels_in * block.expansion
    return 2 * inner * layer.side**2 + 3 * inner * side_out**2 + 2 * elements_out


def test_fbnet_networks_compute_what_was_published(
    fbnet_table: tuple[ChoiceArray, FloatArray, FloatArray],
) -> None:
    choices, flops, params = fbnet_table
    space = FBNet()
    for index, architecture in enumerate(space.architectures(choices[:10])):
        network = space.build(architecture)
        # Published networks share one activation in a block, of which the counter saw the last call.
        shared = {
            module.get_submodule("body.0.2") for module in network.modules() if isinstance(module, InvertedResidual)
        }
        counts = count_flops(network, uncounted=shared)
        assert sum(counts.values()) == flops[index]
        assert sum(parameter.numel() for parameter in network.parameters()) == params[index]
        costs = space.costs(choices[index : index + 1])
        assert costs.total("macs")[0] == counts["macs"]
        assert costs.total("depthwise_macs")[0] == counts["depthwise_macs"]


def test_nasbench201_notation_is_the_published_one() -> None:
    space = NASBench201()
    texts = load("latency_nasbench201.npz")["arch"].tolist()
    architectures = [space.parse(text) for text in texts]
    assert [space.format(architecture) for architecture in architectures] == texts
    assert len(set(architectures)) == space.size == 15625


def test_nasbench201_networks_have_the_published_parameters(
    nasbench201_table: tuple[ChoiceArray, FloatArray, FloatArray],
) -> None:
    choices, _, params = nasbench201_table
    space = NASBench201()
    for index, architecture in enumerate(space.architectures(choices[:20])):
        network = space.build(architecture)
        assert sum(parameter.numel() for parameter in network.parameters()) == round(params[index])


def test_nasbench201_parameters_and_flops_of_every_cell_are_the_published_ones(
    nasbench201_table: tuple[ChoiceArray, FloatArray, FloatArray],
) -> None:
    choices, flops, params = nasbench201_table
    costs = NASBench201().costs_as_written(choices)
    assert np.array_equal(costs.total("params"), np.round(params))
    # An edge sees an activation and two operations of normalisation beside its convolution, or a window of nine.
    weightless = np.array([{"none": 0, "skip_connect": 0, "avg_pool_3x3": 9}.get(name, 3) for name in OPERATIONS])
    elements = CELL_COUNT * sum(width * (IMAGE_SIDE >> stage) ** 2 for stage, width in enumerate(STAGE_CHANNELS))
    rest = np.round(flops) - costs.total("macs") - elements * weightless[choices].sum(axis=1)
    # Stem, reductions and head see the same in every network; the next test counts them.
    assert len(set(rest.tolist())) == 1


def test_nasbench201_networks_compute_what_was_published_up_to_a_constant(
    nasbench201_table: tuple[ChoiceArray, FloatArray, FloatArray],
) -> None:
    choices, flops, _ = nasbench201_table
    space = NASBench201()
    is_whole = np.all(space.pruned(choices) == choices, axis=1)
    differences = []
    for row, published in zip(choices[is_whole][:20], flops[is_whole], strict=False):
        counts = count_flops(space.build(space.architectures([row])[0]), uncounted=set())
        assert space.costs([row]).total("macs")[0] == counts["macs"]
        differences.append(round(published - sum(counts.values())))
    # The published counter takes the window of the head's 8 x 8 pool for one of 9 x 9.
    assert set(differences) == {64 * (9**2 - 8**2)}


def test_number_of_cut_cells_is_the_known_one() -> None:
    space = NASBench201()
    assert np.count_nonzero(~space.is_connected(space.all_choices())) == 341
