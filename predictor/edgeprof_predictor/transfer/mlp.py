"""The paper's network over encodings that any space has: transferred, or trained from scratch on the samples."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final

import numpy as np

from edgeprof_predictor.encodings.base import Encoding, Vec
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.networks.hyperparameters import ACCURACY_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.perceptron import new_network, outputs, train_network
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.transfer.base import TransferMethod, TransferPredictor
from edgeprof_predictor.transfer.linear import UNKNOWN_LOG_SD
from edgeprof_predictor.transfer.task import TransferTask

LOG_REACH: Final = 50.0
"""How far from the mean of the samples a predicted log latency may lie."""


class MlpTransfer(TransferMethod):
    """Pre-train on the source space, fine-tune on the samples, latencies as numbers between 0 and 1.

    Both spaces are scaled by the smallest and largest latency that the source space shows on each platform.

    Source:
        Multi-Predict, sections 3.2 and 4 (HWL transfer), network and epochs of Table 14. Which range the scaling takes
        is not printed there; the source's is the only one known before the target space is measured.
    """

    name: ClassVar[str] = "mlp-hwl"
    hyperparameters: ClassVar[TransferHyperparameters] = ACCURACY_TRANSFER

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        super().__init__(task, seed=seed)
        on_source = task.source.select(task.references.platforms).latency_ms
        platform = task.source.latencies_of(task.platform)
        self._low, self._range = on_source.min(axis=1), np.ptp(on_source, axis=1)
        self._platform_low, self._platform_range = float(platform.min()), float(np.ptp(platform))
        self._network = new_network(len(on_source), self.hyperparameters, seed=seed)
        inputs = (on_source.T - self._low) / self._range
        targets = (platform - self._platform_low) / self._platform_range
        train_network(self._network, inputs, targets, self.hyperparameters, is_source=True, seed=seed)

    def adapt(self, samples: Samples) -> MlpPredictor:
        """Fine-tune a copy on the samples."""
        network = copy.deepcopy(self._network)
        targets = (samples.latency_ms - self._platform_low) / self._platform_range
        inputs = self._inputs(samples.choices)
        train_network(network, inputs, targets, self.hyperparameters, is_source=False, seed=self.seed)

        def latency_of(choices: ChoiceArray) -> FloatArray:
            scaled = outputs(network, self._inputs(choices))
            # Negative latencies are replaced by small positive ones in the same order.
            return _positive(scaled * self._platform_range + self._platform_low)

        return MlpPredictor(latency_of, is_relative=not samples.count)

    def _inputs(self, choices: ChoiceArray) -> FloatArray:
        scaled: FloatArray = (self.task.references.latency_ms(choices).T - self._low) / self._range
        return scaled


class ScratchTransfer(TransferMethod):
    """The same network, trained on the samples alone.

    Source:
        Multi-Predict, Figures 7, 20 and 21: the curves from scratch.
    """

    hyperparameters: ClassVar[TransferHyperparameters] = ACCURACY_TRANSFER

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        super().__init__(task, seed=seed)
        columns = self.encode(task.pool)
        self._mean, self._sd = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-9)

    @abstractmethod
    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return what the network reads: `n x l` to `n x d`."""

    def adapt(self, samples: Samples) -> MlpPredictor:
        """Train on the samples."""
        if not samples.count:
            raise EncodingError(f"{self.name} knows nothing without a sample; measure at least one")
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), 1e-6)
        settings = self.hyperparameters
        inputs = self._scaled(samples.choices)
        network = new_network(inputs.shape[1], settings, seed=self.seed)
        targets = (log_latency - mean) / sd
        train_network(network, inputs, targets, settings, is_source=True, seed=self.seed)

        def latency_of(choices: ChoiceArray) -> FloatArray:
            # Trained on a few samples, a network may extrapolate beyond the range of floating-point numbers.
            reach = np.clip(outputs(network, self._scaled(choices)) * sd, -LOG_REACH, LOG_REACH)
            latency_ms: FloatArray = np.exp(mean + reach)
            return latency_ms

        return MlpPredictor(latency_of, is_relative=False)

    def _scaled(self, choices: ChoiceArray) -> FloatArray:
        scaled: FloatArray = (self.encode(choices) - self._mean) / self._sd
        return scaled


class ScratchHwlTransfer(ScratchTransfer):
    """Reads log latencies elsewhere."""

    name: ClassVar[str] = "scratch-hwl"

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return log latency on the references: `n x m`."""
        log_latency: FloatArray = np.log(self.task.references.latency_ms(choices)).T
        return log_latency


class ScratchVecTransfer(ScratchTransfer):
    """Reads the decisions."""

    name: ClassVar[str] = "scratch-vec"

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the decisions, one-hot."""
        return Vec(self.task.target_space).encode(choices)


def scratch_on(encoding: Encoding) -> type[ScratchTransfer]:
    """Return the method on another encoding of the target space, such as zero-cost proxies."""

    class ScratchOther(ScratchTransfer):
        """Reads the encoding."""

        name: ClassVar[str] = f"scratch-{encoding.name}"

        def encode(self, choices: ChoiceArray) -> FloatArray:
            """Return the encoding."""
            return encoding.encode(choices)

    return ScratchOther


class MlpPredictor(TransferPredictor):
    """Predictions of a network, which has no intervals of its own: they have the width `UNKNOWN_LOG_SD`.

    Args:
        latency_of: Milliseconds of architectures.
        is_relative: True without a sample.
    """

    def __init__(self, latency_of: Callable[[ChoiceArray], FloatArray], *, is_relative: bool) -> None:
        self._latency_of, self._is_relative = latency_of, is_relative

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies."""
        latency_ms = self._latency_of(choices)
        return Prediction.lognormal(latency_ms, np.full(len(choices), UNKNOWN_LOG_SD), is_relative=self._is_relative)


def _positive(latency_ms: FloatArray) -> FloatArray:
    """Return a rising function of latencies that is never below 0 and leaves usual ones as they are."""
    floor = 1e-3 * max(float(np.median(np.abs(latency_ms))), 1e-9)
    below: FloatArray = floor * np.exp(np.minimum(latency_ms / floor - 1.0, 0.0).clip(min=-600.0))
    return np.where(latency_ms >= floor, latency_ms, below)
