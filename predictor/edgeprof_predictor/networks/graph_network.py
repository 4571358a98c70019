"""Read an architecture as a graph of its decisions, by graph convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphHyperparameters:
    """Sizes of a graph network.

    Args:
        graph_width: Numbers of a node after a convolution.
        graph_depth: Convolutions.
        layer_widths: Outputs of the fully connected layers that read the last node.
    """

    graph_width: int
    graph_depth: int
    layer_widths: tuple[int, ...]


HARDWARE_GRAPH: Final = GraphHyperparameters(graph_width=200, graph_depth=3, layer_widths=(200, 200, 30))
"""Table 15 of Multi-Predict: three convolutions, three layers, the last as wide as the architecture's embedding."""


class GraphReader(nn.Module):
    """Turn decisions, one-hot, into features by way of their graph.

    Letters: `n` batch, `d` width of the one-hot encoding, `a` features.

    Args:
        space: Its decisions are the graph's nodes.
        hyperparameters: Widths and depths; `a` is the last of its `layer_widths`.

    Shapes:
        one_hot: `n x d`, float.
        returns: `n x a`, float.

    Raises:
        EncodingError: If an encoding is of another width.

    Source:
        Multi-Predict, Table 15; graph convolution after Kipf and Welling 2017; the global node
        after BRP-NAS, Dudziak et al. 2020.
    """

    adjacency: Tensor
    features: Tensor

    def __init__(self, space: CategoricalSpace, hyperparameters: GraphHyperparameters = HARDWARE_GRAPH) -> None:
        super().__init__()
        self.width = sum(space.choice_counts)
        self.feature_count = hyperparameters.layer_widths[-1]
        self.register_buffer("adjacency", torch.as_tensor(decision_graph(space), dtype=torch.float32))
        self.register_buffer("features", torch.as_tensor(_option_features(space), dtype=torch.float32))
        widths = [self.features.shape[-1]] + [hyperparameters.graph_width] * hyperparameters.graph_depth
        self.convolutions = nn.ModuleList(map(nn.Linear, widths[:-1], widths[1:]))
        layers: list[nn.Module] = []
        for width_in, width in zip(
            (hyperparameters.graph_width, *hyperparameters.layer_widths), hyperparameters.layer_widths, strict=False
        ):
            layers += [nn.Linear(width_in, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, one_hot: Tensor) -> Tensor:
        """Return the features of architectures: `n x a`."""
        if one_hot.shape[-1] != self.width:
            raise EncodingError(f"encodings must be {self.width} wide, got shape {tuple(one_hot.shape)}")
        nodes = torch.einsum("nd,dvf->nvf", one_hot, self.features[:-1]) + self.features[-1]
        for convolution in self.convolutions[:-1]:
            nodes = torch.relu(self.adjacency @ convolution(nodes))
        # Only the global node is read, so the last convolution need not compute the others.
        last = torch.relu(self.convolutions[-1](self.adjacency[-1] @ nodes))
        features: Tensor = self.layers(last)
        return features


def decision_graph(space: CategoricalSpace) -> FloatArray:
    """Return the normalised adjacency of the decisions, then input, output and a global node.

    A decision is connected to another that ends where it starts, by `CategoricalSpace.decision_edges`; the global
    node is connected to all.

    Shapes:
        returns: `v x v` with `v = l + 3`; row `i` holds the weights of the nodes that node `i` reads, itself included.
        Each of `m` weights is `1 / sqrt(m)`, which keeps the spread of features from layer to layer.
    """
    edges = space.decision_edges
    count, last = len(edges), max(end for _, end in edges)
    adjacency = np.eye(count + 3)
    for decision, (start, end) in enumerate(edges):
        adjacency[decision, :count] += [other_end == start for _, other_end in edges]
        adjacency[decision, count] = start == 0
        adjacency[count + 1, decision] = end == last
    adjacency[-1] = 1.0
    rows: FloatArray = adjacency / np.sqrt(adjacency.sum(axis=1, keepdims=True))
    return rows


def _option_features(space: CategoricalSpace) -> FloatArray:
    """Return what each option puts on which node, then what is on the nodes anyway: `(d + 1) x v x f`.

    Options of equal number share a feature; every node has one of its own besides, because the same
    option costs more in one place than in another.
    """
    counts = space.choice_counts
    option_count, node_count = max(counts), len(counts) + 3
    features = np.zeros((sum(counts) + 1, node_count, option_count + node_count))
    column = 0
    for decision, count in enumerate(counts):
        for option in range(count):
            features[column, decision, option] = 1.0
            column += 1
    features[-1, :, option_count:] = np.eye(node_count)
    return features
