"""What docs/fleet.md shows works as it stands there, on two simulated devices."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from end_to_end.tutorial import blocks_of, session
from factories import model_of

from edgeprof.testing import SimulatedDevice, SimulationConfig
from edgeprof_predictor.spaces import get_space

BLOCKS = blocks_of(Path(__file__).parents[2] / "docs" / "fleet.md")
ADDRESSES = ("board.local:20763", "192.168.1.20:20763")

SHORTENED = {
    "--count 500": "--count 6",
    '"nasbench201", 500': '"nasbench201", 6',
    # Simulated devices have one runtime.
    "--runtime onnxruntime --runtime openvino": "--runtime simulated",
}


@pytest.fixture
def replacements(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the page says, and what stands in its place: addresses of two devices, and less to collect."""
    with (
        SimulatedDevice(tmp_path / "pi4") as one,
        SimulatedDevice(tmp_path / "nano", SimulationConfig(seed=1)) as other,
    ):
        yield {**dict(zip(ADDRESSES, (one.address, other.address), strict=True)), **SHORTENED}


@pytest.mark.timeout(300)
def test_the_blocks_of_the_page_run_in_order(
    replacements: dict[str, str], own_edgeprof_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(block.text for block in BLOCKS)
    assert all(shown in text for shown in replacements)
    monkeypatch.setattr("edgeprof.onboarding.procedure.CANDIDATE_COUNT", 500)
    space = get_space("nasbench201")
    folder = tmp_path / "page"
    model_of(space, space.sample(1, seed=0)[0], folder / "model.onnx")
    monkeypatch.chdir(folder)
    with session(tmp_path / "session") as running:
        for block in (block for block in BLOCKS if block.reason is None):
            text = block.text
            for shown, placed in replacements.items():
                text = text.replace(shown, placed)
            running.run(replace(block, text=text))
    assert {path.name for path in (folder / "profiles").glob("*.edgeprof")} == {"pi4.edgeprof", "nano.edgeprof"}
    assert len((folder / "lab.csv").read_text().splitlines()) > 12
