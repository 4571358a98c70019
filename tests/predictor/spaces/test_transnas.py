"""TransNAS-Bench-101: notation, validity, costs and networks of both spaces."""

from __future__ import annotations

from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.transnas_macro import TransNASMacro
from edgeprof_predictor.spaces.transnas_micro import TransNASMicro


class TestTransNASMicroContract(SearchSpaceContract):
    def make_space(self) -> TransNASMicro:
        return TransNASMicro(side=64)


class TestTransNASMacroContract(SearchSpaceContract):
    def make_space(self) -> TransNASMacro:
        return TransNASMacro(side=64)
