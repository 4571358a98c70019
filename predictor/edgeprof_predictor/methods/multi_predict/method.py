"""The method of the paper: rows are learned, and a new platform starts from that of the best-correlated source."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from edgeprof_predictor.methods.pair_network_method import PairNetworkMethod
from edgeprof_predictor.networks.graph_network import GraphReader
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.tables.latency_table import LatencyTable


class MultiPredict(PairNetworkMethod):
    """Pre-train on the sources, start a row by max-correlation, fine-tune (Eq. 1 and 2)."""

    name: ClassVar[str] = "multi-predict"

    def start_rows(self, sources: LatencyTable, *, seed: int) -> Tensor:
        """Draw the rows of the sources by torch's generator: `p x h`."""
        return torch.randn(len(sources.platforms), self.hyperparameters.embedding_width)

    def new_row(self, samples: Samples, nearest: str | None, *, seed: int) -> Tensor:
        """Return the row of the best-correlated source, or the mean row while none is known: `h`."""
        return self.rows.mean(dim=0) if nearest is None else self.rows[self.platforms.index(nearest)]


class MultiPredictGcn(MultiPredict):
    """The paper's network for NAS-Bench-201: graph convolutions read the cell."""

    name: ClassVar[str] = "multi-predict-gcn"

    def build_reader(self) -> GraphReader:
        """Return graph convolutions over the decisions; scores join their features."""
        return GraphReader(self.space)
