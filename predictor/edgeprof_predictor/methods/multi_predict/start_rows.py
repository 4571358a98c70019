"""The paper's method with other rows for the hardware: its ablations of learned rows and max-correlation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.methods.multi_predict.method import MultiPredict
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_predictor.tables.latency_table import LatencyTable


class MultiPredictRandom(MultiPredict):
    """The new platform's row starts at random."""

    name: ClassVar[str] = "multi-predict-random"

    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return a row as those of the sources once were: `h`."""
        return torch.randn(self.rows.shape[1], generator=torch.Generator().manual_seed(seed))


class MultiPredictMean(MultiPredict):
    """The new platform's row starts as the mean of all rows."""

    name: ClassVar[str] = "multi-predict-mean"

    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return the mean row: `h`."""
        return self.rows.mean(dim=0)


class MultiPredictIndex(MultiPredict):
    """A platform is the binary form of its index; a new one takes the next index."""

    name: ClassVar[str] = "multi-predict-index"
    are_rows_learned: ClassVar[bool] = False

    def start_rows(self, sources: LatencyTable, *, seed: int) -> Tensor:
        """Return the binary forms of 0 to `p - 1`: `p x h`."""
        return torch.stack([self._binary(index) for index in range(len(self.platforms))])

    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return the binary form of `p`: `h`."""
        return self._binary(len(self.platforms))

    def _binary(self, index: int) -> Tensor:
        width = max(self.hyperparameters.embedding_width, len(self.platforms).bit_length())
        return torch.tensor([float(index >> bit & 1) for bit in range(width)])


class MultiPredictSample(MultiPredict):
    """A platform is its latencies on fixed descriptor architectures, which are measured first."""

    name: ClassVar[str] = "multi-predict-sample"
    are_rows_learned: ClassVar[bool] = False

    descriptors: DescriptorArchitectures

    def start_rows(self, sources: LatencyTable, *, seed: int) -> Tensor:
        """Draw the descriptor architectures; return the sources' latencies on them: `p x r`."""
        self.descriptors = DescriptorArchitectures.draw(sources, seed=seed)
        return torch.as_tensor(self.descriptors.source_rows, dtype=torch.float32)

    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return the platform's latencies on the descriptor architectures: `r`."""
        return torch.as_tensor(self.descriptors.describe(samples), dtype=torch.float32)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the descriptor architectures among the candidates, then random ones."""
        return self.descriptors.choose(candidates, count, measured=measured, seed=seed)
