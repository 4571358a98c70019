"""What a network of the zoo is: how to build it, and what it takes.

No module of torch is imported before a network is built, so that the list can be read in any environment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

FLOAT, IDS, MASK = "float", "ids", "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a network.

    Args:
        name: Its name in the exported file.
        shape: Its sizes, the batch first.
        kind: Normally distributed numbers, ids of a vocabulary, or a mask of ones.
        upper: For ids, the size of the vocabulary.
    """

    name: str
    shape: tuple[int, ...]
    kind: str = FLOAT
    upper: int = 0

    def example(self, batch_count: int = 1) -> Tensor:
        """Return values, as many batches of them as asked for, from torch's random numbers."""
        import torch

        shape = (self.shape[0] * batch_count, *self.shape[1:])
        if self.kind == FLOAT:
            return torch.randn(shape)
        return torch.randint(self.upper, shape) if self.kind == IDS else torch.ones(shape, dtype=torch.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooNetwork:
    """A network of the zoo.

    Args:
        name: Its name, with the size of its input; the stem of its files.
        group: The kind of network, by which results are grouped.
        family: The networks that share its design, by which a test is kept apart from what it was fitted on.
        build: Returns the torch module with random weights.
        inputs: What it takes.
        open_dimensions: Names of dimensions, by input and axis, that a second file leaves open; empty for none.
    """

    name: str
    group: str
    family: str
    build: Callable[[], nn.Module]
    inputs: tuple[Input, ...]
    open_dimensions: dict[str, dict[int, str]] | None = None


def image(size: int, *, channels: int = 3) -> tuple[Input, ...]:
    """Return the input of a network that takes one square image."""
    return (Input(name="image", shape=(1, channels, size, size)),)


def tokens(length: int, vocabulary: int) -> tuple[Input, ...]:
    """Return the inputs of a network that takes ids of tokens and a mask."""
    ids = Input(name="input_ids", shape=(1, length), kind=IDS, upper=vocabulary)
    return ids, Input(name="attention_mask", shape=(1, length), kind=MASK)
