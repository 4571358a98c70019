"""NAS-Bench-301: notation, costs, networks, and the published counts."""

from __future__ import annotations

from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.nasbench301 import NASBench301


class TestNASBench301Contract(SearchSpaceContract):
    def make_space(self) -> NASBench301:
        return NASBench301()
