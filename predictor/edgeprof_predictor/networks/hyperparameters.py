"""Hyper-parameters of the paper's method, all of them here.

Source:
    Multi-Predict, Akhauri and Abdelfattah 2023, Table 15 (hardware transfer; Table 14 is the one
    for accuracy predictors).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferHyperparameters:
    """How a network is trained on sources and fine-tuned on a new platform or task.

    Args:
        layer_width: Units of a hidden layer.
        layer_count: Hidden layers.
        encoding_width: Units of the layer that reads the architecture.
        embedding_width: Numbers of a hardware embedding.
        batch_size: Samples of a gradient step.
        source_epochs: Passes over the source samples.
        target_epochs: Passes over the samples of the new platform.
        source_learning_rate: At the start; a cosine takes it to 0.
        target_learning_rate: The same for the new platform.
        weight_decay: Of AdamW.
    """

    layer_width: int
    layer_count: int
    encoding_width: int
    embedding_width: int
    batch_size: int
    source_epochs: int
    target_epochs: int
    source_learning_rate: float
    target_learning_rate: float
    weight_decay: float


HARDWARE_TRANSFER: Final = TransferHyperparameters(
    layer_width=100,
    layer_count=3,
    encoding_width=30,
    embedding_width=8,
    batch_size=128,
    source_epochs=250,
    target_epochs=50,
    source_learning_rate=0.0004,
    target_learning_rate=0.001,
    weight_decay=0.0005,
)
"""Table 15, the network for FBNet, used for every space: NAS-Bench-201's graph network is a
method of its own."""

DEFAULT_TRANSFER: Final = replace(HARDWARE_TRANSFER, batch_size=512, source_learning_rate=0.0016)
"""The same network for our own method, trained in a quarter of the steps, each four times as large:
at most a fifth of a prediction is the network's."""

ACCURACY_TRANSFER: Final = TransferHyperparameters(
    layer_width=128,
    layer_count=4,
    encoding_width=128,
    embedding_width=0,
    batch_size=128,
    source_epochs=250,
    target_epochs=50,
    source_learning_rate=0.004,
    target_learning_rate=0.0004,
    weight_decay=0.0005,
)
"""Table 14; batch size and the width of the first layer are not printed there."""
