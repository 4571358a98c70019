from __future__ import annotations

import numpy as np
import pytest
import torch

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.networks.graph_network import GraphHyperparameters, GraphReader, decision_graph
from edgeprof_predictor.spaces import CategoricalSpace, get_space

SMALL = GraphHyperparameters(graph_width=8, graph_depth=2, layer_widths=(8, 4))


def test_edges_of_a_cell_hear_the_edges_that_end_where_they_start() -> None:
    hears = decision_graph(get_space("nasbench201")) > 0
    # Edges in order: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3; then input, output and the node that hears all.
    assert np.flatnonzero(hears[5]).tolist() == [1, 2, 5]
    assert np.flatnonzero(hears[3]).tolist() == [3, 6]
    assert np.flatnonzero(hears[7]).tolist() == [3, 4, 5, 7]
    assert hears[8].all()


def test_layers_of_any_other_space_are_a_chain() -> None:
    hears = decision_graph(CategoricalSpace("chain", (2, 5, 3))) > 0
    assert np.flatnonzero(hears[0]).tolist() == [0, 3]
    assert np.flatnonzero(hears[2]).tolist() == [1, 2]
    assert np.flatnonzero(hears[4]).tolist() == [2, 4]


def test_every_decision_reaches_the_features() -> None:
    reader = GraphReader(CategoricalSpace("chain", (2, 5, 3)), SMALL)
    one_hot = torch.randn(6, 10, requires_grad=True)
    features = reader(one_hot)
    assert features.shape == (6, 4)
    (by_decision,) = torch.autograd.grad(features.sum(), one_hot)
    assert bool((by_decision.abs().sum(dim=0) > 0).all())


def test_an_encoding_of_another_width_is_refused() -> None:
    with pytest.raises(EncodingError, match="must be 10 wide"):
        GraphReader(CategoricalSpace("chain", (2, 5, 3)), SMALL)(torch.zeros(2, 11))
