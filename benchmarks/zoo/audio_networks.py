"""Small networks on sound and on sequences, written here: keyword spotting, separation, recurrent networks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from benchmarks.zoo.image_networks import convolution
from torch import Tensor, nn


def ds_cnn(width: int = 64, depth: int = 4) -> nn.Module:
    """Return a keyword spotter of depthwise separable convolutions on 49 frames of 10 coefficients."""
    layers: list[nn.Module] = [
        nn.Conv2d(1, width, (10, 4), 2, (5, 1), bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    for _ in range(depth):
        layers += [convolution(width, width, 3, groups=width), convolution(width, width, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 12))


def anomaly_mlp(width: int = 640) -> nn.Module:
    """Return an autoencoder of dense layers on five frames of 128 bands."""
    layers: list[nn.Module] = []
    widths = (width, 128, 128, 128, 128, 8, 128, 128, 128, 128)
    for below, above in itertools.pairwise(widths):
        layers += [nn.Linear(below, above), nn.BatchNorm1d(above), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, width))


class _TemporalBlock(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(in_channels, channels, 9, stride, 4, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 9, 1, 4, bias=False),
            nn.BatchNorm1d(channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv1d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm1d(channels), nn.ReLU()
            )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what follows from the input."""
        return torch.relu(self.body(inputs) + self.shortcut(inputs))


def tc_resnet14(coefficient_count: int = 40) -> nn.Module:
    """Return a keyword spotter whose convolutions run along time only, with coefficients as channels."""
    widths = (16, 24, 24, 32, 32, 48, 48)
    layers: list[nn.Module] = [nn.Conv1d(coefficient_count, widths[0], 3, 1, 1, bias=False)]
    for below, width in itertools.pairwise(widths):
        layers.append(_TemporalBlock(below, width, 2 if width != below else 1))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(widths[-1], 12))


def m5(width: int = 64) -> nn.Module:
    """Return a classifier of raw sound: one-dimensional convolutions with pooling by four."""
    layers: list[nn.Module] = []
    plan = ((1, width, 80, 4), (width, width, 3, 1), (width, 2 * width, 3, 1), (2 * width, 4 * width, 3, 1))
    for below, above, size, stride in plan:
        layers += [nn.Conv1d(below, above, size, stride), nn.BatchNorm1d(above), nn.ReLU(), nn.MaxPool1d(4)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4 * width, 35))


class _SeparationBlock(nn.Module):
    def __init__(self, width: int, inner: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(width, inner, 1),
            nn.PReLU(),
            nn.GroupNorm(1, inner),
            nn.Conv1d(inner, inner, 3, padding=dilation, dilation=dilation, groups=inner),
            nn.PReLU(),
            nn.GroupNorm(1, inner),
        )
        self.onward, self.skip = nn.Conv1d(inner, width, 1), nn.Conv1d(inner, width, 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return what follows from the input."""
        features = self.body(inputs)
        return inputs + self.onward(features), self.skip(features)


class ConvTasNet(nn.Module):
    """Separates two speakers in raw sound: an encoder, dilated convolutions that give masks, and a decoder.

    Shapes:
        sound: `1 x 1 x samples`.  returns: `1 x 2 x samples`.
    """

    def __init__(
        self, *, filters: int = 256, width: int = 128, inner: int = 256, depth: int = 7, repeats: int = 2
    ) -> None:
        super().__init__()
        self.encode = nn.Conv1d(1, filters, 16, 8, bias=False)
        self.enter = nn.Sequential(nn.GroupNorm(1, filters), nn.Conv1d(filters, width, 1))
        self.blocks = nn.ModuleList(
            _SeparationBlock(width, inner, 2**level) for _ in range(repeats) for level in range(depth)
        )
        self.masks = nn.Sequential(nn.PReLU(), nn.Conv1d(width, 2 * filters, 1), nn.Sigmoid())
        self.decode = nn.ConvTranspose1d(filters, 1, 16, 8, bias=False)
        self.filters = filters

    def forward(self, sound: Tensor) -> Tensor:
        """Return what follows from the input."""
        encoded = torch.relu(self.encode(sound))
        features = self.enter(encoded)
        total = torch.zeros_like(features)
        for block in self.blocks:
            features, skipped = block(features)
            total = total + skipped
        masks = self.masks(total)
        first, second = masks[:, : self.filters], masks[:, self.filters :]
        return torch.cat((self.decode(encoded * first), self.decode(encoded * second)), 1)


class RecurrentClassifier(nn.Module):
    """LSTM layers and a dense layer on the last step."""

    def __init__(self, *, layer_count: int, width: int, feature_count: int = 80, class_count: int = 30) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(feature_count, width, layer_count, batch_first=True)
        self.head = nn.Linear(width, class_count)

    def forward(self, features: Tensor) -> Tensor:
        """Return what follows from the input."""
        return self.head(self.recurrent(features)[0][:, -1])


class Tagger(nn.Module):
    """Words to tags: an embedding, an LSTM in both directions, and a dense layer for each word."""

    def __init__(self, *, vocabulary: int = 20000, width: int = 128, tag_count: int = 17) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.recurrent = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, tag_count)

    def forward(self, words: Tensor) -> Tensor:
        """Return what follows from the input."""
        return self.head(self.recurrent(self.embedding(words))[0])


class SpeechRecogniser(nn.Module):
    """Two large convolutions on a spectrogram, recurrent layers in both directions, characters for each step."""

    def __init__(self, *, width: int = 256, depth: int = 3, widths: Sequence[int] = (1, 32, 32)) -> None:
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv2d(widths[0], widths[1], (41, 11), (2, 2), (20, 5)),
            nn.BatchNorm2d(widths[1]),
            nn.Hardtanh(0, 20),
            nn.Conv2d(widths[1], widths[2], (21, 11), (2, 1), (10, 5)),
            nn.BatchNorm2d(widths[2]),
            nn.Hardtanh(0, 20),
        )
        self.recurrent = nn.GRU(widths[2] * 41, width, depth, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, 29)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return what follows from the input."""
        features = self.front(spectrogram)
        batch, channels, bands, steps = features.shape
        rows = features.reshape(batch, channels * bands, steps).transpose(1, 2)
        return self.head(self.recurrent(rows)[0])
