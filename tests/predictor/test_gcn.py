from __future__ import annotations

import numpy as np
import pytest
import torch

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.gcn import GraphHyperparameters, GraphNetwork, decision_graph
from edgeprof_predictor.spaces import CategoricalSpace, get_space

SMALL = GraphHyperparameters(
    graph_width=8, graph_depth=2, layer_width=8, layer_count=1, interaction_width=8, interaction_depth=1
)


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


def test_every_part_of_the_input_reaches_the_output() -> None:
    space = CategoricalSpace("chain", (2, 5, 3))
    network = GraphNetwork(space, 12, 4, SMALL)
    encodings = torch.randn(6, 12, requires_grad=True)
    embeddings = torch.randn(6, 4, requires_grad=True)
    predicted = network(encodings, embeddings)
    assert predicted.shape == (6,)
    by_encoding, by_embedding = torch.autograd.grad(predicted.sum(), (encodings, embeddings))
    assert bool((by_encoding.abs().sum(dim=0) > 0).all())
    assert bool((by_embedding.abs().sum(dim=0) > 0).any())


def test_an_encoding_of_another_width_is_refused() -> None:
    space = CategoricalSpace("chain", (2, 5, 3))
    with pytest.raises(EncodingError, match="needs the 10 columns"):
        GraphNetwork(space, 9, 4, SMALL)
    with pytest.raises(EncodingError, match="must be 10 wide"):
        GraphNetwork(space, 10, 0, SMALL)(torch.zeros(2, 11), torch.zeros(2, 0))
