"""The network of the paper: an architecture's encoding and a platform's embedding to a latency."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters


class LatencyNetwork(nn.Module):
    """Predict standardised log latency from an architecture encoding and a hardware embedding.

    Letters: `n` batch, `d` encoding width, `h` embedding width.

    Args:
        encoding_width: `d`.
        hyperparameters: Widths and depth; its `embedding_width` is `h`.

    Shapes:
        encodings: `n x d`, float.  embeddings: `n x h`, float.
        returns: `n`, float.

    Raises:
        EncodingError: If the width of `encodings` is not `d`.

    Source:
        Multi-Predict, section 3 and Table 15: an embedding of the encoding, joined by that of the
        hardware, then fully connected layers.
    """

    def __init__(self, encoding_width: int, hyperparameters: TransferHyperparameters) -> None:
        super().__init__()
        self.read_encoding = nn.Linear(encoding_width, hyperparameters.encoding_width)
        width = hyperparameters.encoding_width + hyperparameters.embedding_width
        layers: list[nn.Module] = []
        for _ in range(hyperparameters.layer_count):
            layers += [nn.Linear(width, hyperparameters.layer_width), nn.ReLU()]
            width = hyperparameters.layer_width
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, encodings: Tensor, embeddings: Tensor) -> Tensor:
        """Return standardised log latencies: `n`."""
        if encodings.shape[-1] != self.read_encoding.in_features:
            raise EncodingError(
                f"encodings must be {self.read_encoding.in_features} wide, got shape {tuple(encodings.shape)}"
            )
        read = torch.relu(self.read_encoding(encodings))
        predicted: Tensor = self.layers(torch.cat([read, embeddings], dim=-1))
        return predicted.squeeze(-1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block.

    These networks are small: more threads gain nothing on an idle machine, and on a busy one they wait for each other
    for longer than all the arithmetic takes.
    """
    thread_count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(thread_count)
