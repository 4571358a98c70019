"""Small networks that the tests of zero-cost proxies look at."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Classifier(nn.Sequential):
    """Two normalised convolutions and a linear layer: every proxy is defined for it."""

    def __init__(self, class_count: int = 4) -> None:
        super().__init__(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 12, 3, stride=2),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(12, class_count),
        )


class TwoInputs(nn.Module):
    """Reads an image and a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.image = Classifier()
        self.vector = nn.Linear(5, 4)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        found: Tensor = self.image(image) + torch.relu(self.vector(vector))
        return found


class Words(nn.Module):
    """Reads numbers of words, so nothing that has a derivative."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(20, 30)
        self.layer = nn.Linear(30, 3)

    def forward(self, words: Tensor) -> Tensor:
        found: Tensor = self.layer(self.table(words).mean(dim=1).relu())
        return found


class _BreaksBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, given: Tensor) -> Tensor:
        return given.clone()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        raise RuntimeError("the driver is gone")


class FailsHalfWay(nn.Module):
    """Fails in the middle of every backward pass, and counts its runs in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(6, 6)
        self.after = nn.Linear(6, 3)
        self.register_buffer("runs", torch.zeros(()))

    def forward(self, given: Tensor) -> Tensor:
        self.runs += 1
        found: Tensor = self.after(_BreaksBackward.apply(self.before(given).relu()))
        return found


def broken() -> nn.Module:
    """What a user may name on the command line: its backward pass fails."""
    return FailsHalfWay()
