"""The paper's accuracy predictor: four fully connected layers, from scratch or moved from one source task."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from torch import nn

from edgeprof_predictor.accuracy.base import AccuracyMethod, SourceUse
from edgeprof_predictor.accuracy.features import read_features
from edgeprof_predictor.accuracy.plain import PlainPredictor, standardised
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.networks.hyperparameters import ACCURACY_TRANSFER
from edgeprof_predictor.networks.perceptron import new_network, outputs, train_network
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.published import space_of_table

SOURCE_SHARE: Final = 0.15
"""Of a source's architectures that a network learns from (section A.9)."""


class ScratchVecAccuracy(AccuracyMethod):
    """A network fitted to the trained networks of the target alone.

    Source:
        Multi-Predict, section 5, Figure 8 and Table 14. Scores are ranked and accuracies standardised, which is ours.
    """

    name: ClassVar[str] = "scratch-vec"
    encoding: ClassVar[str] = "vec"
    source_use: ClassVar[SourceUse] = "none"

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> ScratchVecAccuracy:
        """Learn nothing: sources are ignored."""
        return cls()

    def predictor_for(self, candidates: Candidates) -> PlainPredictor:
        """Return the predictor for a task on these candidates."""
        return _ScratchPredictor(candidates, encode(candidates, self.encoding, candidates.proxies))


class ScratchZcpAccuracy(ScratchVecAccuracy):
    """The same network on zero-cost proxies."""

    name: ClassVar[str] = "scratch-zcp"
    encoding: ClassVar[str] = "zcp"


class ScratchZcpVecAccuracy(ScratchVecAccuracy):
    """The same network on zero-cost proxies and decisions."""

    name: ClassVar[str] = "scratch-zcpvec"
    encoding: ClassVar[str] = "zcpvec"


class TransferNetwork(AccuracyMethod):
    """A network trained on one source, then fine-tuned on the trained networks of the target.

    Args:
        proxies: Those that it reads.
        network: As trained on the source.

    Source:
        Multi-Predict, sections 5 and A.9, Figures 9 and 19, Table 14.
    """

    name: ClassVar[str] = "transfer-zcp"
    encoding: ClassVar[str] = "zcp"
    source_use: ClassVar[SourceUse] = "one"

    def __init__(self, proxies: tuple[str, ...], network: nn.Sequential) -> None:
        self._proxies, self._network = proxies, network

    @classmethod
    def fit_sources(cls, sources: Sequence[AccuracyTask], *, seed: int) -> TransferNetwork:
        """Train on a share of the source.

        Raises:
            TableError: If there is not exactly one source.
        """
        source, known = only_source(cls.name, sources, seed)
        encodings = encode(source.candidates, "zcp", source.candidates.proxies)[known]
        network = new_network(encodings.shape[1], ACCURACY_TRANSFER, seed=seed)
        targets = standardised(source.accuracy[known])[0]
        train_network(network, encodings, targets, ACCURACY_TRANSFER, is_source=True, seed=seed)
        return cls(source.candidates.proxies, network)

    def predictor_for(self, candidates: Candidates) -> PlainPredictor:
        """Return the predictor for a task on these candidates; proxies that they lack count as middling."""
        return _TransferPredictor(candidates, encode(candidates, "zcp", self._proxies), self._network)


class _ScratchPredictor(PlainPredictor):
    def __init__(self, candidates: Candidates, encodings: FloatArray) -> None:
        super().__init__(candidates)
        self._encodings = encodings

    def values(self, trained: Trained, *, seed: int) -> tuple[FloatArray, float]:
        """Return predictions of a network fitted to the trained networks; zeros with fewer than two."""
        if trained.count < 2:
            return np.zeros(self.candidates.count), 1.0
        network = new_network(self._encodings.shape[1], ACCURACY_TRANSFER, seed=seed)
        targets, mean, sd = standardised(trained.accuracy)
        rows = self._encodings[trained.indices]
        train_network(network, rows, targets, ACCURACY_TRANSFER, is_source=True, seed=seed)
        return outputs(network, self._encodings) * sd + mean, sd


class _TransferPredictor(PlainPredictor):
    def __init__(self, candidates: Candidates, encodings: FloatArray, network: nn.Sequential) -> None:
        super().__init__(candidates)
        self._encodings, self._network = encodings, network

    def values(self, trained: Trained, *, seed: int) -> tuple[FloatArray, float]:
        """Return predictions of the fine-tuned network; of the source's where fewer than two are trained."""
        if trained.count < 2:
            return outputs(self._network, self._encodings), 1.0
        network = copy.deepcopy(self._network)
        targets, mean, sd = standardised(trained.accuracy)
        rows = self._encodings[trained.indices]
        train_network(network, rows, targets, ACCURACY_TRANSFER, is_source=False, seed=seed)
        return outputs(network, self._encodings) * sd + mean, sd


def only_source(method: str, sources: Sequence[AccuracyTask], seed: int) -> tuple[AccuracyTask, np.ndarray]:
    """Return the one source and which of its architectures are known.

    Raises:
        TableError: If there is not exactly one source.
    """
    if len(sources) != 1:
        raise TableError(f"{method} moves from one source to the target, got {len(sources)}; default reads many")
    count = sources[0].candidates.count
    known = np.random.default_rng(seed).permutation(count)[: max(2, round(SOURCE_SHARE * count))]
    return sources[0], known


def encode(candidates: Candidates, encoding: str, proxies: Sequence[str]) -> FloatArray:
    """Return candidates as numbers: `n x d`.

    Args:
        candidates: Of any task.
        encoding: `vec`, `zcp` or `zcpvec`.
        proxies: Those to read, in order.
    """
    parts = []
    if encoding.startswith("zcp"):
        parts.append(read_features(candidates, proxies).scores)
    if encoding.endswith("vec"):
        parts.append(space_of_table(candidates.space, candidates.choices).one_hot(candidates.choices))
    return np.concatenate(parts, axis=1)
