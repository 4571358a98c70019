"""The zoo: its list, the networks that are written here, and what is counted of a folder of models."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parents[2]

WRITTEN_HERE = {"yolo", "super-resolution", "autoencoder", "conv3d", "mlp", "keyword spotting", "m5", "conv_tasnet"}
WRITTEN_HERE |= {"lstm", "lstm tagger", "deepspeech"}


@pytest.fixture(name="networks", scope="module")
def fixture_networks() -> Iterator[list[Any]]:
    """The networks of the zoo, from the repository's folder of benchmarks."""
    sys.path.insert(0, str(ROOT))
    yield import_module("benchmarks.zoo.catalogue").catalogue()
    sys.path.remove(str(ROOT))


def test_the_list_has_62_networks_with_a_name_each(networks: list[Any]) -> None:
    names = [network.name for network in networks]
    assert len(names) == len(set(names)) == 62


def test_every_network_that_is_written_here_runs_on_its_inputs(networks: list[Any]) -> None:
    sizes = {}
    for network in networks:
        if network.family in WRITTEN_HERE:
            with torch.no_grad():
                output = network.build().eval()(*(item.example() for item in network.inputs))
            assert output.isfinite().all(), network.name
            sizes[network.name] = tuple(output.shape)
    assert len(sizes) == 15
    assert sizes["yolo_nano_256"] == (1, 3 * (32**2 + 16**2 + 8**2), 85)
    assert sizes["fsrcnn_x2_96"] == (1, 1, 192, 192) and sizes["espcn_x3_96"] == (1, 1, 288, 288)
    assert sizes["conv_autoencoder_96"] == (1, 3, 96, 96) and sizes["conv_tasnet_1s"] == (1, 2, 8000)


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("networks")
def test_models_of_a_folder_are_counted_as_measured_or_refused(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    good = import_module("benchmarks.workload").small_model(folder / "good.onnx")
    (folder / "cut_off.onnx").write_bytes(good.read_bytes()[:-40])
    command = [sys.executable, "-m", "benchmarks.zoo", "measure", "--models", str(folder), "--runtime", "onnxruntime"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "found.json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| onnxruntime | 2 | 1 | 1 | 0 |" in done.stdout
    outcomes = {item["model"]: item for item in json.loads((tmp_path / "found.json").read_text())["outcomes"]}
    assert outcomes["good"]["median_ms"] > 0
    assert outcomes["cut_off"]["kind"] == "refused" and outcomes["cut_off"]["is_one_sentence"]
    assert all(item["is_agent_kept"] for item in outcomes.values())
