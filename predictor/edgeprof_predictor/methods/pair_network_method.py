"""A network over an encoding and a row for each platform, trained on the sources and fine-tuned on the samples."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgeprof_predictor.methods.encoded import EncodedMethod
from edgeprof_predictor.methods.onboarding_method import described
from edgeprof_predictor.methods.pointwise import PointwisePredictor, spread
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.networks.graph_network import GraphReader
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.networks.optimisation import descend
from edgeprof_predictor.networks.pair_network import LayerReader, PairNetwork
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

PairMethodType = TypeVar("PairMethodType", bound="PairNetworkMethod")

CHUNK_LENGTH: Final = 1024
"""Architectures predicted at once."""


class PairNetworkMethod(EncodedMethod):
    """Pre-train a network and the rows of the sources, then fine-tune it on the samples of a new platform.

    Where the encoding holds latencies of a source (HWL), that column is masked, 0 as for an average network, wherever
    the network is trained or asked for that source: it would read there what it is to predict.

    Subclasses define how a platform becomes a row (`start_rows`, `new_row`), and may change what reads an architecture
    (`build_reader`) and which samples are measured.

    Args:
        space: The search space.
        sources: Latencies of the source platforms.
        hyperparameters: Table 15.
        seed: Of weights, rows and the order of samples.

    Source:
        Multi-Predict, Akhauri and Abdelfattah 2023, sections 3.1 to 3.3. As in the authors' published program, and
        not in the text: a loss of absolute errors, and batches of half the samples in fine-tuning. As in the text, and
        not in that program: all weights are fine-tuned. Latency is the logarithm, less the mean of the platform's
        samples, where that program scales each platform to the range of its whole table. It predicts no interval;
        ours is the spread of the samples before fine-tuning.
    """

    are_rows_learned: ClassVar[bool] = True
    """Whether training and fine-tuning change the rows."""

    hyperparameters: TransferHyperparameters = HARDWARE_TRANSFER

    def __init__(
        self, space: CategoricalSpace, sources: LatencyTable, hyperparameters: TransferHyperparameters, *, seed: int
    ) -> None:
        self.space = space
        self.platforms = sources.platforms
        self.hyperparameters = hyperparameters
        self.encoding = self.encoding_for(space).fitted(sources.choices)
        own = np.array(self.encoding.columns)[None, :] == np.array(self.platforms)[:, None]
        self._shown = _as_tensor((~own).astype(np.float64)) if own.any() else None
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.rows = self.start_rows(sources, seed=seed)
            self.network = PairNetwork(self.build_reader(), self.encoding.width, self.rows.shape[1])
        log_latency = np.log(sources.latency_ms)
        self._centred = log_latency - log_latency.mean(axis=1, keepdims=True)
        self.log_sd = float(self._centred.std())

    @classmethod
    def fit_sources(
        cls: type[PairMethodType],
        space: CategoricalSpace,
        sources: LatencyTable,
        *,
        seed: int,
        hyperparameters: TransferHyperparameters | None = None,
    ) -> PairMethodType:
        """Train network and rows on the sources."""
        method = cls(space, sources, hyperparameters or cls.hyperparameters, seed=seed)
        method._train(method._encode(sources.choices), _as_tensor(method._centred / method.log_sd), seed=seed)
        return method

    def trained(self) -> dict[str, NDArray[np.generic]]:
        """Return the weights of the network, and the rows."""
        weights = {f"network.{name}": value.numpy() for name, value in self.network.state_dict().items()}
        return {**weights, "rows": self.rows.numpy()}

    @classmethod
    def restored(
        cls: type[PairMethodType],
        space: CategoricalSpace,
        sources: LatencyTable,
        trained: Mapping[str, NDArray[np.generic]],
        *,
        seed: int,
    ) -> PairMethodType:
        """Return the method with weights and rows that were trained on these sources."""
        method = cls(space, sources, cls.hyperparameters, seed=seed)
        weights = described(trained, "network.")
        method.network.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
        method.network.requires_grad_(False)
        method.rows = torch.as_tensor(trained["rows"])
        return method

    @abstractmethod
    def start_rows(self, sources: LatencyTable, *, seed: int) -> Tensor:
        """Return the rows of the sources before training: `p x h`.

        Args:
            sources: Latencies of the source platforms.
            seed: Of random choices that torch's generator does not make.
        """

    @abstractmethod
    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return the row of a new platform before fine-tuning: `h`.

        Args:
            samples: Of the platform.
            nearest: The source that correlates best; None with fewer than two samples.
            seed: Of random choices.
        """

    def build_reader(self) -> GraphReader | LayerReader:
        """Return what reads the encodings, untrained."""
        return LayerReader(self.encoding.width, self.hyperparameters)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return random candidates."""
        return choose_random(len(candidates), count, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Fine-tune a copy of the network, and the row if rows are learned, on the samples."""
        log_latency = np.log(samples.latency_ms)
        on_sources = np.exp(self._predict(self.network, self.rows, samples.choices, shown=self._shown))
        nearest, correlation = nearest_platform(self.platforms, on_sources, samples.latency_ms)
        row = self.new_row(samples, nearest, seed=seed)[None].clone().requires_grad_(self.are_rows_learned)
        network = copy.deepcopy(self.network).requires_grad_(True)
        errors = log_latency - self._predict(network, row, samples.choices)[0]
        # The offset is the speed of the platform; rows of sources hold no speed.
        log_mean = float(errors.mean()) if samples.count else 0.0
        self._fine_tune(network, row, samples.choices, _as_tensor((log_latency - log_mean) / self.log_sd), seed=seed)
        predictor = PointwisePredictor(
            lambda choices: self._predict(network, row, choices)[0] + log_mean,
            spread(errors - log_mean, fitted_count=1),
            is_relative=samples.count == 0,
            checked_count=samples.count - 1,
        )
        predictor.source_platform, predictor.source_correlation = nearest, correlation
        return predictor

    def _train(self, encodings: Tensor, targets: Tensor, *, seed: int) -> None:
        """Train network and rows on all sources at once.

        A batch holds few architectures, each on every platform: as many pairs as Table 15 asks for, and a fraction
        of the work of as many pairs at random.

        Shapes:
            encodings: `n x d`.  targets: `p x n`.
        """
        settings = self.hyperparameters
        self.rows.requires_grad_(self.are_rows_learned)
        descend(
            [*self.network.parameters(), *([self.rows] if self.are_rows_learned else [])],
            lambda batch: nn.functional.l1_loss(
                _on_platforms(self.network, encodings[batch], self.rows, self._shown), targets[:, batch]
            ),
            count=len(encodings),
            batch_size=max(settings.batch_size // len(targets), 1),
            epochs=settings.source_epochs,
            learning_rate=settings.source_learning_rate,
            weight_decay=settings.weight_decay,
            seed=seed,
        )
        self.network.requires_grad_(False)
        self.rows = self.rows.detach()

    def _fine_tune(
        self, network: PairNetwork, row: Tensor, choices: ChoiceArray, targets: Tensor, *, seed: int
    ) -> None:
        settings = self.hyperparameters
        encodings = self._encode(choices)
        descend(
            [*network.parameters(), *([row] if self.are_rows_learned else [])],
            lambda batch: nn.functional.l1_loss(network(encodings[batch], row)[0], targets[batch]),
            count=len(targets),
            batch_size=min(settings.batch_size, -(-len(targets) // 2) or 1),
            epochs=settings.target_epochs,
            learning_rate=settings.target_learning_rate,
            weight_decay=settings.weight_decay,
            seed=seed,
        )

    def _encode(self, choices: ChoiceArray) -> Tensor:
        return _as_tensor(self.encoding.encode(choices))

    def _predict(
        self, network: PairNetwork, rows: Tensor, choices: ChoiceArray, *, shown: Tensor | None = None
    ) -> FloatArray:
        """Return log latency less the platform's mean: `p x h` and `n x l` to `p x n`."""
        with one_thread(), torch.no_grad():
            encodings = torch.split(self._encode(choices), CHUNK_LENGTH)
            parts = [_on_platforms(network, part, rows, shown) for part in encodings]
        found: FloatArray = torch.cat(parts, dim=1).numpy().astype(np.float64) * self.log_sd
        return found


def _on_platforms(network: PairNetwork, encodings: Tensor, rows: Tensor, shown: Tensor | None) -> Tensor:
    """Return predictions where each platform sees its columns alone: `n x d`, `p x h` and `p x d` to `p x n`."""
    if shown is None:
        predicted: Tensor = network(encodings, rows)
        return predicted
    return torch.cat([network(encodings * mask, row[None]) for mask, row in zip(shown, rows, strict=True)])


def _as_tensor(values: FloatArray) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
