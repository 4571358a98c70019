"""NAS-Bench-101: notation, valid cells, pruning, costs, networks, and the published counts."""

from __future__ import annotations

from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.nasbench101 import NASBench101


class TestNASBench101Contract(SearchSpaceContract):
    def make_space(self) -> NASBench101:
        return NASBench101()
