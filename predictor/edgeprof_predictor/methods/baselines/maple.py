"""MAPLE as far as published latencies allow: a regression on architecture and hardware descriptor."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor

from edgeprof_predictor.methods.pair_network_method import PairNetworkMethod
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

PENALTY: Final = 1.0
"""Of the regression that estimates the costs of options, in samples: a few samples move a platform only part of the way
from the mean of the sources."""

MIN_COST_SD: Final = 1e-6
"""Deviation of an option's cost over the sources, in log latency, below which the cost counts as constant."""


class Maple(PairNetworkMethod):
    """Describe a platform by what each kind of operation costs there, and learn latency from both.

    Its scores show what a fixed descriptor of operations is worth, not how good the original is.

    Source:
        MAPLE, Abbasi, Wong and Shafiee 2021. Differs in its descriptor: the original runs the operations of the search
        space one by one and reads ten performance counters of the processor. No published table holds such counters,
        and none can be had for a platform that is only known by latencies. In their place stands the cost of each
        option, estimated from the platform's measured networks: as many numbers as there are options, about the same
        property, with less information. Differs in its adaptation: the original trains once more on sources and
        samples together; here the samples fine-tune. Differs in network and training, which are those of
        `PairNetworkMethod` with rows that are not learned.
    """

    name: ClassVar[str] = "maple"
    are_rows_learned: ClassVar[bool] = False

    def start_rows(self, sources: LatencyTable, *, seed: int) -> Tensor:
        """Return the costs on the sources, each in units of its spread over them: `p x h`."""
        counts = self._option_counts(sources.choices)
        self._centre = counts.mean(axis=0)
        costs = np.stack([_option_costs(counts - self._centre, np.log(row)) for row in sources.latency_ms])
        self._mean_costs = costs.mean(axis=0)
        spread = costs.std(axis=0)
        # An option that costs the same on all sources, such as one that none of their architectures has, says nothing.
        is_varying = spread > MIN_COST_SD
        self._factor = np.where(is_varying, 1.0 / np.where(is_varying, spread, 1.0), 0.0)
        return self._as_row(costs)

    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return the costs that the samples suggest, near those of the sources while there are few: `h`."""
        if samples.count < 2:
            return self._as_row(self._mean_costs)
        counts = self._option_counts(samples.choices) - self._centre
        explained = counts @ self._mean_costs
        return self._as_row(self._mean_costs + _option_costs(counts, np.log(samples.latency_ms) - explained))

    def _option_counts(self, choices: ChoiceArray) -> FloatArray:
        """Return how often each option is chosen, over all decisions: `n x l` to `n x h`."""
        options = np.arange(max(self.space.choice_counts))
        counts: FloatArray = (choices[:, :, None] == options).sum(axis=1).astype(np.float64)
        return counts

    def _as_row(self, costs: FloatArray) -> Tensor:
        return torch.as_tensor((costs - self._mean_costs) * self._factor, dtype=torch.float32)


def _option_costs(counts: FloatArray, log_latency: FloatArray) -> FloatArray:
    """Return what one option more adds to log latency, by ridge regression: `n x h` and `n` to `h`."""
    normal = counts.T @ counts + PENALTY * np.eye(counts.shape[1])
    costs: FloatArray = np.linalg.solve(normal, counts.T @ (log_latency - log_latency.mean()))
    return costs
