"""Graph networks: an architecture as a graph of its decisions, read by graph convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray
from edgeprof_predictor.spaces.nasbench201_geometry import EDGES, NODE_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphHyperparameters:
    """Sizes of a graph network.

    Args:
        graph_width: Numbers of a node after a convolution.
        graph_depth: Convolutions.
        layer_width: Units of a fully connected layer.
        layer_count: Fully connected layers.
        interaction_width: Units of the layers that join architecture and hardware; 0 leaves them out.
        interaction_depth: How many of those.
    """

    graph_width: int
    graph_depth: int
    layer_width: int
    layer_count: int
    interaction_width: int
    interaction_depth: int


HARDWARE_GRAPH: Final = GraphHyperparameters(
    graph_width=200,
    graph_depth=3,
    layer_width=200,
    layer_count=3,
    interaction_width=1000,
    interaction_depth=2,
)
"""Table 15 of Multi-Predict. It names the interaction features and no formula; ours is two layers over the pooled
graph and the hardware embedding."""


class GraphNetwork(nn.Module):
    """Predict standardised log latency from decisions as a graph, further features and a hardware embedding.

    Letters: `n` batch, `d` encoding width, `h` embedding width.

    Args:
        space: Its one-hot encoding comes first in every encoding.
        encoding_width: `d`; what is wider than the one-hot encoding joins after the graph.
        embedding_width: `h`, 0 for a network of one platform.
        hyperparameters: Widths and depths.

    Shapes:
        encodings: `n x d`, float.  embeddings: `n x h`, float.
        returns: `n`, float.

    Raises:
        EncodingError: If an encoding is narrower than the one-hot encoding, or of another width.

    Source:
        Multi-Predict, Table 15; graph convolution after Kipf and Welling 2017; a node that sees all
        others after BRP-NAS, Dudziak et al. 2020.
    """

    adjacency: Tensor
    features: Tensor

    def __init__(
        self,
        space: CategoricalSpace,
        encoding_width: int,
        embedding_width: int,
        hyperparameters: GraphHyperparameters = HARDWARE_GRAPH,
    ) -> None:
        super().__init__()
        self.encoding_width = encoding_width
        self._one_hot_width = sum(space.choice_counts)
        extra_width = encoding_width - self._one_hot_width
        if extra_width < 0:
            raise EncodingError(
                f"a graph needs the {self._one_hot_width} columns of its decisions, got {encoding_width}"
            )
        self.register_buffer("adjacency", torch.as_tensor(decision_graph(space), dtype=torch.float32))
        self.register_buffer("features", torch.as_tensor(_option_features(space), dtype=torch.float32))
        widths = [self.features.shape[-1]] + [hyperparameters.graph_width] * hyperparameters.graph_depth
        self.convolutions = nn.ModuleList(map(nn.Linear, widths[:-1], widths[1:]))
        width = hyperparameters.graph_width + extra_width + embedding_width
        self.interaction = nn.Sequential()
        if hyperparameters.interaction_width:
            self.interaction = _layers(width, hyperparameters.interaction_width, hyperparameters.interaction_depth)
            width = hyperparameters.interaction_width
        self.layers = _layers(width, hyperparameters.layer_width, hyperparameters.layer_count)
        self.output = nn.Linear(hyperparameters.layer_width, 1)

    def forward(self, encodings: Tensor, embeddings: Tensor) -> Tensor:
        """Return standardised log latencies: `n`."""
        if encodings.shape[-1] != self.encoding_width:
            raise EncodingError(f"encodings must be {self.encoding_width} wide, got shape {tuple(encodings.shape)}")
        one_hot, extra = encodings.tensor_split([self._one_hot_width], dim=-1)
        nodes = torch.einsum("nd,dvf->nvf", one_hot, self.features[:-1]) + self.features[-1]
        for convolution in self.convolutions:
            nodes = torch.relu(self.adjacency @ convolution(nodes))
        read = torch.cat([nodes[:, -1], extra, embeddings], dim=-1)
        predicted: Tensor = self.output(self.layers(self.interaction(read)))
        return predicted.squeeze(-1)


def decision_graph(space: CategoricalSpace) -> FloatArray:
    """Return who hears whom: the decisions, then input, output and a node that hears all.

    Decisions of NAS-Bench-201 are edges of a cell, so one hears another when it starts where that
    ends. Those of any other space are taken as a chain, in their order.

    Shapes:
        returns: `v x v` with `v = l + 3`; every node hears itself. A node that hears many hears each
        of them less, by the root of their number: what nodes say keeps its spread from layer to layer.
    """
    count = len(space.choice_counts)
    chain = tuple((index, index + 1) for index in range(count))
    edges, last = (EDGES, NODE_COUNT - 1) if space.name == "nasbench201" else (chain, count)
    hears = np.eye(count + 3)
    for listener, (start, end) in enumerate(edges):
        hears[listener, :count] += [other_end == start for _, other_end in edges]
        hears[listener, count] = start == 0
        hears[count + 1, listener] = end == last
    hears[-1] = 1.0
    rows: FloatArray = hears / np.sqrt(hears.sum(axis=1, keepdims=True))
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


def _layers(width_in: int, width: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Linear(width_in, width), nn.ReLU()]
        width_in = width
    return nn.Sequential(*layers)
