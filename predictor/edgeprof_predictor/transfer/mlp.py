"""The paper's network over encodings that any space has: transferred, or trained from scratch on the samples."""

from __future__ import annotations

import copy
import math
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
from edgeprof_predictor.transfer.columns import TargetColumns
from edgeprof_predictor.transfer.linear import UNKNOWN_LOG_SD
from edgeprof_predictor.transfer.task import TransferTask
from edgeprof_predictor.transfer.weights import centred_log

LOG_REACH: Final = math.log(1000.0)
"""How far from the mean of the samples a predicted log latency may lie: a factor of a thousand."""

INPUT_REACH: Final = 2.0
"""Inputs are held within this many times the range that the source shows. NAS-Bench-201 has cells without a path, which
some platforms skip; one among the samples ruins a network trained on FBNet (essential_ph_1, 16 samples: rank
correlation .23 without the limit, .85 with it; mean of the six platforms tried .81 and .92, one seed)."""

MIN_LOG_SD: Final = 1e-3
"""Smallest deviation of log latency that is divided by: a thousandth of a latency is below any measurement's noise."""

MIN_COLUMN_SD: Final = 1e-6
"""Deviation over the pool below which a column counts as constant."""


class MlpTransfer(TransferMethod):
    """Pre-train on the source space, fine-tune on the samples; all latencies as centred logarithms.

    Inputs are log latencies on the references, less the mean of each over known architectures of the space at hand:
    those of the source, or the unlabelled pool of the target. Outputs are log latencies of the platform, less its mean
    over the source; on the target the samples give that mean. One scale serves both spaces, because the scale carries
    information between them.

    Source:
        Multi-Predict, sections 3.2 and 4 (HWL transfer), network, epochs and rates of Table 14, which has a fixed
        number of epochs. Differs: latencies there lie between 0 and 1, by a range that is not printed. Mean rank
        correlation over 21 platforms with 16 samples, from FBNet to NAS-Bench-201 and back: with the source's range
        .887 and .796, with centred logarithms .917 and .882, with logarithms standardised in each space .909 and .896;
        without a sample .831 and .720, .887 and .855, .879 and .850. Inputs are held within `INPUT_REACH`.
    """

    name: ClassVar[str] = "mlp-hwl"
    hyperparameters: ClassVar[TransferHyperparameters] = ACCURACY_TRANSFER

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        super().__init__(task, seed=seed)
        self._columns = TargetColumns(task.target_space, task.references, task.pool)
        on_source = centred_log(task.source.select(task.references.platforms))
        platform = centred_log(task.source.select([task.platform]))[:, 0]
        self._scale = max(float(np.sqrt(np.mean(np.square(on_source)))), MIN_LOG_SD)
        self._network = new_network(on_source.shape[1], self.hyperparameters, seed=seed)
        inputs, targets = on_source / self._scale, platform / self._scale
        self._lowest, self._highest = INPUT_REACH * inputs.min(axis=0), INPUT_REACH * inputs.max(axis=0)
        train_network(self._network, inputs, targets, self.hyperparameters, is_source=True, seed=seed)

    def adapt(self, samples: Samples) -> MlpPredictor:
        """Fine-tune a copy on the samples, whose errors before it give the mean of the platform."""
        network = copy.deepcopy(self._network)
        inputs = self._inputs(samples.choices)
        log_latency = np.log(samples.latency_ms) / self._scale
        offset = float((log_latency - outputs(network, inputs)).mean()) if samples.count else 0.0
        train_network(network, inputs, log_latency - offset, self.hyperparameters, is_source=False, seed=self.seed)
        middle = float(log_latency.mean()) if samples.count else 0.0

        def latency_of(choices: ChoiceArray) -> FloatArray:
            found = (outputs(network, self._inputs(choices)) + offset - middle) * self._scale
            return _near(middle * self._scale, found)

        return MlpPredictor(latency_of, is_relative=not samples.count)

    def _inputs(self, choices: ChoiceArray) -> FloatArray:
        scaled: FloatArray = self._columns.log_latency(choices) / self._scale
        return np.clip(scaled, self._lowest, self._highest)


class ScratchTransfer(TransferMethod):
    """The same network, trained on the samples alone.

    Source:
        Multi-Predict, Figures 7, 20 and 21: the curves from scratch.
    """

    hyperparameters: ClassVar[TransferHyperparameters] = ACCURACY_TRANSFER

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        super().__init__(task, seed=seed)
        columns = self.encode(task.pool)
        sd = columns.std(axis=0)
        # A column that is constant over the pool says nothing there; divided by its deviation, an architecture where it
        # differs would be predicted at random.
        is_varying = sd > MIN_COLUMN_SD
        self._mean = columns.mean(axis=0)
        self._factor = np.where(is_varying, 1.0 / np.where(is_varying, sd, 1.0), 0.0)

    @abstractmethod
    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return what the network reads: `n x l` to `n x d`."""

    def adapt(self, samples: Samples) -> MlpPredictor:
        """Train on the samples."""
        if not samples.count:
            raise EncodingError(f"{self.name} knows nothing without a sample; measure at least one")
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), MIN_LOG_SD)
        settings = self.hyperparameters
        inputs = self._scaled(samples.choices)
        network = new_network(inputs.shape[1], settings, seed=self.seed)
        targets = (log_latency - mean) / sd
        train_network(network, inputs, targets, settings, is_source=True, seed=self.seed)

        def latency_of(choices: ChoiceArray) -> FloatArray:
            return _near(mean, outputs(network, self._scaled(choices)) * sd)

        return MlpPredictor(latency_of, is_relative=False)

    def _scaled(self, choices: ChoiceArray) -> FloatArray:
        scaled: FloatArray = (self.encode(choices) - self._mean) * self._factor
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


def _near(log_mean: float, distance: FloatArray) -> FloatArray:
    """Return latencies at distances from a mean log latency; trained on a few samples, a network may go far."""
    latency_ms: FloatArray = np.exp(log_mean + np.clip(distance, -LOG_REACH, LOG_REACH))
    return latency_ms
