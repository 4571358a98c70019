"""Linear transfer over latencies elsewhere: ridge towards source weights, equal ones, half of each, or none."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_predictor.transfer.base import TransferMethod, TransferPredictor
from edgeprof_predictor.transfer.columns import TargetColumns
from edgeprof_predictor.transfer.task import TransferTask
from edgeprof_predictor.transfer.weights import centred_log, prior_weights, source_weights

UNKNOWN_LOG_SD = 0.2
"""Standard deviation of log latency assumed with fewer than two samples."""


class LinearTransfer(TransferMethod):
    """Weights on log latency elsewhere, pulled from prior ones by the samples.

    Source:
        Latency as a linear function of latencies elsewhere is HWL (Multi-Predict, section 3.2) without its network.
    """

    name: ClassVar[str] = "ridge-equal"
    shares: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.0, 0.0)
    penalty: ClassVar[float] = 0.3
    is_fixed: ClassVar[bool] = False

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        super().__init__(task, seed=seed)
        self.columns = TargetColumns(task.target_space, task.references, task.pool)
        on_source = centred_log(task.source.select(task.references.platforms))
        platform = centred_log(task.source.select([task.platform]))[:, 0]
        self.start = prior_weights(source_weights(on_source, platform)[0]) @ np.array(self.shares)

    def adapt(self, samples: Samples) -> LinearPredictor:
        """Move the weights towards the samples."""
        return LinearPredictor(self, samples)


class LinearPredictor(TransferPredictor):
    """Weights and an offset.

    Args:
        method: The fitted method.
        samples: What was measured on the target space.
    """

    def __init__(self, method: LinearTransfer, samples: Samples) -> None:
        self._columns, self._is_relative = method.columns, not samples.count
        self.weights, self._offset, self._sd = method.start, 0.0, UNKNOWN_LOG_SD
        if not samples.count:
            return
        columns = method.columns.log_latency(samples.choices)
        target = np.log(samples.latency_ms)
        errors = target - columns @ self.weights
        if not method.is_fixed:
            inner = columns - columns.mean(axis=0)
            gram = inner @ inner.T + method.penalty * np.eye(samples.count)
            self.weights = self.weights + inner.T @ np.linalg.solve(gram, errors - errors.mean())
        if samples.count > 1:
            self._sd = max(float(errors.std(ddof=1)), 1e-3)
        self._offset = float((target - columns @ self.weights).mean())

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies; their intervals come from the errors of the samples before the fit."""
        log_latency = self._columns.log_latency(choices) @ self.weights + self._offset
        return Prediction.lognormal(np.exp(log_latency), np.full(len(choices), self._sd), is_relative=self._is_relative)


class SourceRidgeTransfer(LinearTransfer):
    """Starts from the weights of the source space."""

    name: ClassVar[str] = "ridge-source"
    shares: ClassVar[tuple[float, float, float, float]] = (1.0, 0.0, 0.0, 0.0)


class HalfRidgeTransfer(LinearTransfer):
    """Starts half-way between the weights of the source space and equal ones."""

    name: ClassVar[str] = "ridge-half"
    shares: ClassVar[tuple[float, float, float, float]] = (0.0, 1.0, 0.0, 0.0)
    penalty: ClassVar[float] = 0.1


class ScratchRidgeTransfer(LinearTransfer):
    """Starts from weights of 0."""

    name: ClassVar[str] = "ridge-scratch"
    shares: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 0.0, 1.0)
    penalty: ClassVar[float] = 0.03


class EqualWeightsTransfer(LinearTransfer):
    """The mean of log latency elsewhere; samples give the offset alone."""

    name: ClassVar[str] = "equal"
    is_fixed: ClassVar[bool] = True
