"""The probe suite converted to ncnn: what pnnx and ncnn take is measured, the rest is counted and not tried again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import edgeprof
from edgeprof.operator_models import ncnn_probes
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.operators.probes import suite as probe_suite
from edgeprof_proto.records.job_spec import Setting

CHOSEN = ("convolution-dense_small", "matrix-sequences_short", "recurrent-gru_wide", "normalisation-images")
"""The last has a normalisation of sequences, which ncnn has no layer for."""


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("ncnn",)


@pytest.fixture
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [probe for probe in probe_suite.suite() if probe.name in CHOSEN]
    assert len(chosen) == len(CHOSEN)

    def suite(seed: int = 0) -> Iterator[Any]:
        yield from chosen

    monkeypatch.setattr(probe_suite, "suite", suite)


@pytest.mark.usefixtures("few_probes")
def test_probes_are_converted_once_and_measured_by_ncnn(
    simulated_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    found = ncnn_probes.ncnn_probes(folder)
    assert {model.name for model in found.models} == set(CHOSEN[:3])
    assert "InstanceNorm1d" in found.refusals[CHOSEN[3]]

    def convert(*_: object, **__: object) -> None:
        raise AssertionError("a probe is converted again")

    monkeypatch.setattr(ncnn_probes, "convert", convert)
    assert ncnn_probes.ncnn_probes(folder) == found

    with edgeprof.connect(simulated_device.address) as client:
        onboarded = edgeprof.onboard_models(
            client, setting=Setting(runtime="ncnn"), store=tmp_path / "store.db", model_folder=folder
        )
    assert (onboarded.probe_count, set(onboarded.refused_probes)) == (3, {CHOSEN[3]})
    assert onboarded.profile.is_coarse
