from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from edgeprof_predictor.errors import EncodingError, UnknownPlatformError
from edgeprof_predictor.networks.embedding_table import EmbeddingTable, nearest_platform
from edgeprof_predictor.networks.fine_tuning import fine_tune
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.latency_network import LatencyNetwork
from edgeprof_predictor.networks.pretraining import PretrainedNetwork, pretrain
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


@pytest.fixture(scope="module")
def pretrained(space: SearchSpace, world: LatencyTable, quick: TransferHyperparameters) -> PretrainedNetwork:
    return pretrain(space, world.subset(range(100)), quick, seed=1)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_network_predicts_one_number_an_architecture(count: int) -> None:
    network = LatencyNetwork(30, HARDWARE_TRANSFER)
    assert network(torch.zeros(count, 30), torch.zeros(count, 8)).shape == (count,)


def test_network_refuses_an_encoding_of_another_width() -> None:
    with pytest.raises(EncodingError, match="30 wide"):
        LatencyNetwork(30, HARDWARE_TRANSFER)(torch.zeros(2, 29), torch.zeros(2, 8))


def test_the_same_seed_gives_the_same_weights_and_leaves_torch_alone(
    space: SearchSpace, world: LatencyTable, quick: TransferHyperparameters
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    few = world.subset(range(20))
    first, second = (pretrain(space, few, replace(quick, source_epochs=1), seed=3).tensors() for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_new_row_leaves_the_pretrained_network_and_its_rows_untouched(
    space: SearchSpace, world: LatencyTable, pretrained: PretrainedNetwork, quick: TransferHyperparameters
) -> None:
    before = {name: array.copy() for name, array in pretrained.tensors().items()}
    row = pretrained.embeddings.row("source_0")
    encodings, log_latency = space.one_hot(world.choices[:8]), np.log(world.latency_ms[-1, :8])
    adapted = fine_tune(pretrained, row, encodings, log_latency, np.ones(8), quick, seed=0)
    assert not torch.equal(adapted.row, row)
    after = pretrained.tensors()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_fine_tuning_can_learn_eight_points_by_heart(
    space: SearchSpace, world: LatencyTable, pretrained: PretrainedNetwork, quick: TransferHyperparameters
) -> None:
    encodings, log_latency = space.one_hot(world.choices[:8]), np.log(world.latency_ms[-1, :8])
    long = replace(quick, target_epochs=600)
    adapted = fine_tune(
        pretrained, pretrained.embeddings.row("source_0"), encodings, log_latency, np.ones(8), long, seed=0
    )
    assert np.abs(adapted.log_latency(encodings) - log_latency).max() < 0.01


def test_nearest_platform_is_the_one_with_the_largest_correlation() -> None:
    latency_ms = np.array([1.0, 2.0, 4.0])
    sources = np.array([[4.0, 2.0, 1.0], [10.0, 20.0, 41.0], [5.0, 5.1, 5.0]])
    nearest, correlation = nearest_platform(("a", "b", "c"), sources, latency_ms)
    assert nearest == "b"
    assert correlation == pytest.approx(np.corrcoef(np.log(sources[1]), np.log(latency_ms))[0, 1])


@pytest.mark.parametrize("latency_ms", [[], [3.0], [3.0, 3.0]])
def test_too_little_to_correlate_names_no_platform(latency_ms: list[float]) -> None:
    nearest, correlation = nearest_platform(("a",), np.ones((1, len(latency_ms))), np.array(latency_ms))
    assert nearest is None
    assert np.isnan(correlation)


def test_a_new_row_starts_as_asked_for() -> None:
    table = EmbeddingTable(("a", "b"), 4)
    assert torch.equal(table.initial_row("max_correlation", "b", seed=0), table.rows[1])
    assert torch.equal(table.initial_row("max_correlation", None, seed=0), table.rows.mean(dim=0))
    assert torch.equal(table.initial_row("mean", "b", seed=0), table.rows.mean(dim=0))
    assert torch.equal(table.initial_row("random", "b", seed=1), table.initial_row("random", None, seed=1))
    with pytest.raises(UnknownPlatformError, match="'c'"):
        table.row("c")
