from __future__ import annotations

import pytest
import torch

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.networks.graph_network import GraphReader
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER
from edgeprof_predictor.networks.pair_network import LayerReader, PairNetwork
from edgeprof_predictor.spaces import CategoricalSpace

SPACE = CategoricalSpace("chain", (2, 5, 3))
READERS = {"layers": LayerReader(10, HARDWARE_TRANSFER), "graph": GraphReader(SPACE)}


@pytest.mark.parametrize("reader", READERS)
def test_every_architecture_is_predicted_on_every_platform(reader: str) -> None:
    network = PairNetwork(READERS[reader], encoding_width=12, row_width=4)
    encodings, rows = torch.randn(6, 12, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    predicted = network(encodings, rows)
    assert predicted.shape == (3, 6)
    assert torch.allclose(network(encodings[2:3], rows[1:2]), predicted[1:2, 2:3], atol=1e-6)
    by_encoding, by_row = torch.autograd.grad(predicted.sum(), (encodings, rows))
    assert bool((by_encoding.abs().sum(dim=0) > 0).all())
    assert bool((by_row.abs().sum(dim=1) > 0).all())


def test_encodings_of_another_width_are_refused() -> None:
    with pytest.raises(EncodingError, match="reads 10 columns of an encoding, got 9"):
        PairNetwork(READERS["graph"], encoding_width=9, row_width=4)
    with pytest.raises(EncodingError, match="must be 12 wide"):
        PairNetwork(READERS["layers"], encoding_width=12, row_width=4)(torch.zeros(2, 10), torch.zeros(1, 4))
