"""The paper's method with other rows to start from: what max-correlation is compared with."""

from __future__ import annotations

from typing import ClassVar

from edgeprof_predictor.hyperparameters import TransferHyperparameters
from edgeprof_predictor.methods.multi_predict import MultiPredict
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.training import PretrainedNetwork


class MultiPredictRandom(MultiPredict):
    """The new platform's row starts at random."""

    name: ClassVar[str] = "multi-predict-random"

    def __init__(
        self, space: CategoricalSpace, pretrained: PretrainedNetwork, hyperparameters: TransferHyperparameters
    ) -> None:
        super().__init__(space, pretrained, hyperparameters, initial_row="random")


class MultiPredictMean(MultiPredict):
    """The new platform's row starts as the mean of all rows."""

    name: ClassVar[str] = "multi-predict-mean"

    def __init__(
        self, space: CategoricalSpace, pretrained: PretrainedNetwork, hyperparameters: TransferHyperparameters
    ) -> None:
        super().__init__(space, pretrained, hyperparameters, initial_row="mean")
