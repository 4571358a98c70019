"""The paper's network: read an architecture once, then join it with each platform."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.networks.graph_network import GraphReader
from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters

INTERACTION_WIDTH: Final = 1000
"""Units of the layer that joins architecture and hardware; a second layer makes one number of them (Table 15)."""


class LayerReader(nn.Module):
    """Turn a flat encoding into features by fully connected layers.

    Letters: `n` batch, `d` encoding width, `a` features.

    Args:
        width: `d`.
        hyperparameters: Width and number of layers; its `encoding_width` is `a`.

    Shapes:
        encodings: `n x d`, float.
        returns: `n x a`, float.

    Source:
        Multi-Predict, Table 15, the network for FBNet.
    """

    def __init__(self, width: int, hyperparameters: TransferHyperparameters) -> None:
        super().__init__()
        self.width = width
        self.feature_count = hyperparameters.encoding_width
        layers: list[nn.Module] = []
        for _ in range(hyperparameters.layer_count - 1):
            layers += [nn.Linear(width, hyperparameters.layer_width), nn.ReLU()]
            width = hyperparameters.layer_width
        self.layers = nn.Sequential(*layers, nn.Linear(width, self.feature_count), nn.ReLU())

    def forward(self, encodings: Tensor) -> Tensor:
        """Return the features of architectures: `n x a`."""
        features: Tensor = self.layers(encodings)
        return features


class PairNetwork(nn.Module):
    """Predict the latency of each architecture on each platform.

    Reading is most of the work and the same for all platforms, so it is done once for all of them.

    Letters: `n` architectures, `d` encoding width, `p` platforms, `h` width of a platform's row.

    Args:
        reader: Reads the first columns of an encoding; what is left of them joins its features.
        encoding_width: `d`.
        row_width: `h`.

    Shapes:
        encodings: `n x d`, float.  rows: `p x h`, float.
        returns: `p x n`, float: log latency less the platform's mean, in standard deviations.

    Raises:
        EncodingError: If encodings are narrower than what the reader reads, or of another width.

    Source:
        Multi-Predict, section 3.1 and Table 15: "interaction" of size 1000 and depth 2, taken as in the authors'
        published program: two layers over features and row side by side.
    """

    def __init__(self, reader: GraphReader | LayerReader, encoding_width: int, row_width: int) -> None:
        super().__init__()
        if encoding_width < reader.width:
            raise EncodingError(f"the network reads {reader.width} columns of an encoding, got {encoding_width}")
        self.encoding_width = encoding_width
        self.reader = reader
        self.join_features = nn.Linear(reader.feature_count + encoding_width - reader.width, INTERACTION_WIDTH)
        self.join_row = nn.Linear(row_width, INTERACTION_WIDTH, bias=False)
        self.output = nn.Linear(INTERACTION_WIDTH, 1)

    def forward(self, encodings: Tensor, rows: Tensor) -> Tensor:
        """Return standardised log latencies: `p x n`."""
        if encodings.shape[-1] != self.encoding_width:
            raise EncodingError(f"encodings must be {self.encoding_width} wide, got shape {tuple(encodings.shape)}")
        read, others = encodings.tensor_split([self.reader.width], dim=-1)
        features = self.join_features(torch.cat([self.reader(read), others], dim=-1))
        joined = torch.relu(features + self.join_row(rows)[:, None])
        predicted: Tensor = self.output(joined)
        return predicted.squeeze(-1)
