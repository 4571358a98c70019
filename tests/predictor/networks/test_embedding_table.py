from __future__ import annotations

import numpy as np
import pytest
import torch

from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.errors import UnknownPlatformError
from edgeprof_predictor.networks.embedding_table import INITIAL_ROWS, EmbeddingTable
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.samples import Samples


@pytest.mark.parametrize("how", INITIAL_ROWS)
def test_a_new_row_is_a_copy_that_leaves_all_other_rows_untouched(how: str) -> None:
    table = EmbeddingTable(("a", "b", "c"), 4)
    before = table.rows.detach().clone()
    table.initial_row(how, "b", seed=0).add_(1.0)
    assert torch.equal(table.rows, before)


def test_a_random_row_depends_on_its_seed_and_leaves_torch_alone() -> None:
    table = EmbeddingTable(("a",), 4)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    assert not torch.equal(table.initial_row("random", None, seed=1), table.initial_row("random", None, seed=2))
    assert torch.equal(torch.rand(3), expected)


def test_an_unknown_way_to_start_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="max_correlation, mean, random, got 'zeros'"):
        EmbeddingTable(("a",), 4).initial_row("zeros", None, seed=0)


def test_an_unknown_platform_is_answered_with_those_that_have_a_row() -> None:
    with pytest.raises(UnknownPlatformError, match="'c' has no hardware embedding; these have: a, b"):
        EmbeddingTable(("a", "b"), 4).row("c")


@pytest.mark.parametrize("space_name", ["fbnet", "nasbench201"])
def test_a_platform_like_a_source_starts_from_the_row_of_that_source(space_name: str) -> None:
    method = load_bundle(space_name).method
    choices = method.space.sample_choices(10, seed=1)
    source_log_latencies = method.pretrained.source_log_latencies(method.space.one_hot(choices))
    for name in ("eyeriss", "fpga", "raspi4"):
        latency_ms = 7.0 * np.exp(source_log_latencies[method.platforms.index(name)])
        predictor = method.adapt(Samples.of(choices, latency_ms), seed=0)
        assert predictor.source_platform == name
        assert predictor.source_correlation == pytest.approx(1.0)


def test_threads_are_given_back_even_after_an_error() -> None:
    count = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(KeyError), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(count)
