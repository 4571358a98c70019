"""Variants of the paper's method: other hardware representations, networks and encodings.

`multi_predict` is the paper's choice of all three; here each can be another one.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import ClassVar, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.descent import descend
from edgeprof_predictor.embedding import nearest_platform
from edgeprof_predictor.encodings import Encoding, Union, Vec
from edgeprof_predictor.gcn import GraphNetwork
from edgeprof_predictor.hyperparameters import HARDWARE_TRANSFER, TransferHyperparameters
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.pointwise import PointwisePredictor, spread
from edgeprof_predictor.network import LatencyNetwork, one_thread
from edgeprof_predictor.references import References
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

TransferType = TypeVar("TransferType", bound="Transfer")

CHUNK_LENGTH = 1024
"""Architectures predicted at once."""


class Transfer(Method):
    """A network over encoding and hardware row, trained on the sources, fine-tuned on the samples.

    A subclass says what is different: `start_rows` and `new_row` for the hardware, `build_network`
    for the network, `scores` for what the encoding holds besides the decisions. As it stands, this
    is the paper's method: a table of rows learned along, max-correlation for a new one.

    Args:
        space: The search space.
        sources: Latencies of the source platforms.
        hyperparameters: Table 15.
        seed: Of weights, rows and the order of samples.

    Source:
        Multi-Predict, Akhauri and Abdelfattah 2023, sections 3.1 to 3.3.
    """

    name: ClassVar[str] = "multi-predict-vec"
    scores: ClassVar[Encoding | None] = None
    are_rows_learned: ClassVar[bool] = True

    def __init__(
        self, space: CategoricalSpace, sources: LatencyTable, hyperparameters: TransferHyperparameters, *, seed: int
    ) -> None:
        self.space = space
        self.platforms = sources.platforms
        self.hyperparameters = hyperparameters
        self.references = References.draw(sources, seed=seed)
        vec = Vec(space)
        self.encoding: Encoding = vec if self.scores is None else Union(vec, self.scores)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            rows = self.start_rows()
            self.network = self.build_network(rows.shape[1])
        log_latency = np.log(sources.latency_ms)
        self.log_sd = float((log_latency - log_latency.mean(axis=1, keepdims=True)).std())
        self.rows = self._train(rows, sources.choices, log_latency, seed=seed)

    @classmethod
    def fit_sources(
        cls: type[TransferType],
        space: CategoricalSpace,
        sources: LatencyTable,
        *,
        seed: int,
        hyperparameters: TransferHyperparameters = HARDWARE_TRANSFER,
    ) -> TransferType:
        """Train network and rows on the sources."""
        return cls(space, sources, hyperparameters, seed=seed)

    def start_rows(self) -> Tensor:
        """Return the rows of the sources before training: `p x h`."""
        return torch.randn(len(self.platforms), self.hyperparameters.embedding_width)

    def new_row(self, samples: Samples, nearest: str | None) -> Tensor:
        """Return the row of a new platform before fine-tuning: `h`.

        Args:
            samples: Of the platform.
            nearest: The source that correlates best; None while that is open.
        """
        return self.rows.mean(dim=0) if nearest is None else self.rows[self.platforms.index(nearest)]

    def build_network(self, row_width: int) -> nn.Module:
        """Return an untrained network over `n x d` encodings and `n x h` rows."""
        return LatencyNetwork(self.encoding.width, replace(self.hyperparameters, embedding_width=row_width))

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return random candidates, as the paper does."""
        return choose_random(len(candidates), count, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Fine-tune a copy of the network, and the row if rows are learned, on the samples."""
        encodings = self._encode(samples.choices)
        source_rows = [self._log_latency(self.network, row, samples.choices) for row in self.rows]
        nearest, correlation = nearest_platform(self.platforms, np.exp(np.stack(source_rows)), samples.latency_ms)
        row = self.new_row(samples, nearest).clone().requires_grad_(self.are_rows_learned)
        network = copy.deepcopy(self.network).requires_grad_(True)
        errors = np.log(samples.latency_ms) - self._log_latency(network, row, samples.choices)
        # The offset is the platform's speed, which no row of a source can know.
        log_mean = float(errors.mean()) if samples.count else 0.0
        targets = torch.as_tensor((np.log(samples.latency_ms) - log_mean) / self.log_sd, dtype=torch.float32)
        descend(
            [*network.parameters(), *([row] if self.are_rows_learned else [])],
            lambda batch: nn.functional.mse_loss(network(encodings[batch], row.expand(len(batch), -1)), targets[batch]),
            count=samples.count,
            batch_size=self.hyperparameters.batch_size,
            epochs=self.hyperparameters.target_epochs,
            learning_rate=self.hyperparameters.target_learning_rate,
            weight_decay=self.hyperparameters.weight_decay,
            seed=seed,
        )
        predictor = PointwisePredictor(
            lambda choices: self._log_latency(network, row, choices) + log_mean,
            spread(errors - log_mean, fitted_count=1),
            is_relative=samples.count == 0,
            checked_count=samples.count - 1,
        )
        predictor.source_platform, predictor.source_correlation = nearest, correlation
        return predictor

    def _train(self, rows: Tensor, choices: ChoiceArray, log_latency: FloatArray, *, seed: int) -> Tensor:
        """Train the network on all sources at once; return the rows as they are then: `p x h`."""
        encodings = self._encode(choices)
        centred = (log_latency - log_latency.mean(axis=1, keepdims=True)) / self.log_sd
        targets = torch.as_tensor(centred, dtype=torch.float32)
        rows.requires_grad_(self.are_rows_learned)

        def batch_loss(batch: Tensor) -> Tensor:
            platform, architecture = batch // len(encodings), batch % len(encodings)
            predicted = self.network(encodings[architecture], rows[platform])
            return nn.functional.mse_loss(predicted, targets[platform, architecture])

        descend(
            [*self.network.parameters(), *([rows] if self.are_rows_learned else [])],
            batch_loss,
            count=targets.numel(),
            batch_size=self.hyperparameters.batch_size,
            epochs=self.hyperparameters.source_epochs,
            learning_rate=self.hyperparameters.source_learning_rate,
            weight_decay=self.hyperparameters.weight_decay,
            seed=seed,
        )
        self.network.requires_grad_(False)
        return rows.detach()

    def _encode(self, choices: ChoiceArray) -> Tensor:
        return torch.as_tensor(self.encoding.encode(choices), dtype=torch.float32)

    def _log_latency(self, network: nn.Module, row: Tensor, choices: ChoiceArray) -> FloatArray:
        """Return log latency less the platform's mean: `n x l` to `n`."""
        with one_thread(), torch.no_grad():
            parts = [
                network(part, row.expand(len(part), -1)) for part in torch.split(self._encode(choices), CHUNK_LENGTH)
            ]
        found: FloatArray = torch.cat(parts).numpy().astype(np.float64) * self.log_sd
        return found


class MultiPredictIndex(Transfer):
    """A platform is the binary form of its index; a new one takes the next index."""

    name: ClassVar[str] = "multi-predict-index"
    are_rows_learned: ClassVar[bool] = False

    def start_rows(self) -> Tensor:
        """Return the binary forms of 0 to `p - 1`: `p x h`."""
        return torch.stack([self._binary(index) for index in range(len(self.platforms))])

    def new_row(self, samples: Samples, nearest: str | None) -> Tensor:
        """Return the binary form of `p`: `h`."""
        return self._binary(len(self.platforms))

    def _binary(self, index: int) -> Tensor:
        width = max(self.hyperparameters.embedding_width, len(self.platforms).bit_length())
        return torch.tensor([float(index >> bit & 1) for bit in range(width)])


class MultiPredictSample(Transfer):
    """A platform is its latencies on fixed reference networks, which are measured first."""

    name: ClassVar[str] = "multi-predict-sample"
    are_rows_learned: ClassVar[bool] = False

    def start_rows(self) -> Tensor:
        """Return the sources' latencies on the references: `p x r`."""
        return torch.as_tensor(self.references.source_rows, dtype=torch.float32)

    def new_row(self, samples: Samples, nearest: str | None) -> Tensor:
        """Return the platform's latencies on the references: `r`."""
        return torch.as_tensor(self.references.describe(samples), dtype=torch.float32)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the references that are offered, then random candidates."""
        return self.references.choose(candidates, count, measured=measured, seed=seed)


class MultiPredictGcn(Transfer):
    """The paper's network for NAS-Bench-201: graph convolutions instead of a flat encoding."""

    name: ClassVar[str] = "multi-predict-gcn"

    def build_network(self, row_width: int) -> nn.Module:
        """Return an untrained graph network."""
        return GraphNetwork(self.space, self.encoding.width, row_width)


def with_scores(method: type[TransferType], scores: Encoding) -> type[TransferType]:
    """Return a method that reads the decisions and these scores: ZCPVec or HWLVec.

    Args:
        method: Any variant of the paper's method.
        scores: Must know every architecture that the method meets.
    """
    name = f"{method.name.removesuffix('-vec')}-{scores.name}vec"
    return type(f"{method.__name__}With{scores.name.title()}", (method,), {"name": name, "scores": scores})
