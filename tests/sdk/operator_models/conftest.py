"""Some probes of the suite instead of all of them, measured by ONNX Runtime in a real agent."""

from collections.abc import Iterator
from typing import Any

import pytest

from edgeprof.operator_models import procedure
from edgeprof_predictor.operators.probes import suite as probe_suite

KINDS = ("convolution", "matrix", "chain")


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.fixture
def few_probes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One probe of each of some kinds; returns their names."""
    return take_few_probes(monkeypatch)


def take_few_probes(patch: pytest.MonkeyPatch) -> list[str]:
    """Let the suite hold one probe of each of some kinds, and models run as briefly as probes; return their names."""
    first: dict[str, Any] = {}
    for probe in probe_suite.suite():
        if probe.kind in KINDS:
            first.setdefault(probe.kind, probe)
    chosen = list(first.values())

    def suite(seed: int = 0) -> Iterator[Any]:
        yield from chosen

    patch.setattr(probe_suite, "suite", suite)
    patch.setattr(procedure, "MODEL_PLAN", procedure.PROBE_PLAN)
    return [probe.name for probe in chosen]
