"""Models onboarded on two devices at once, through the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk.cli import this_process
from sdk.operator_models.small_networks import write_model

import edgeprof
from edgeprof.testing import SimulatedDevice, SimulationConfig

RUNTIMES = ("simulated", "onnxruntime")


@pytest.fixture
def lab(tmp_path: Path, own_edgeprof_folders: Path) -> Iterator[None]:
    """Two devices with an engine, `one` and `two`, and one that is gone, all tagged `lab`."""
    with (
        SimulatedDevice(tmp_path / "1", runtimes=RUNTIMES) as one,
        SimulatedDevice(tmp_path / "2", SimulationConfig(seed=1), runtimes=RUNTIMES) as two,
    ):
        for name, address in (("one", one.address), ("two", two.address), ("gone", "127.0.0.1:1")):
            edgeprof.add_device(address, name, tags=["lab"])
        yield


@pytest.mark.usefixtures("lab")
def test_each_device_gets_a_profile_of_models_of_its_own(few_probes: list[str], tmp_path: Path) -> None:
    model = write_model(tmp_path / "own.onnx", 8)
    arguments = ("onboard", "--models", "--with", str(model), "--tag", "lab", "-o", str(tmp_path / "profiles"))
    done = this_process.edgeprof(*arguments, "--json")
    assert done.returncode == 1
    assert "gone failed: no agent answers" in done.stderr and "1 of 3 devices failed: gone" in done.stderr
    results = {item["device"]: item["result"] for item in json.loads(done.stdout)}
    assert results["gone"] is None
    for name in ("one", "two"):
        report = results[name]["report"]
        assert (report["probe_count"], report["model_count"], report["failed"]) == (len(few_probes), 1, [])
        (predicted,) = edgeprof.predict_models(tmp_path / "profiles" / f"{name}.edgeprof", [model])
        assert predicted.prediction.latency_ms

    edgeprof.remove_device("gone")
    again = this_process.edgeprof(*arguments)
    assert again.returncode == 0, again.stderr
    assert "left as they are: one, two" in again.stderr
