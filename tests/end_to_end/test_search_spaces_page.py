"""What docs/search_spaces.md shows works as it stands there, against a real agent."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.cli.main import edgeprof as edgeprof_command
from edgeprof.devices.local_agent import local_agent
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor import metrics
from edgeprof_predictor.spaces import SPACE_NAMES, get_space

PAGE = (Path(__file__).parents[2] / "docs" / "search_spaces.md").read_text()
CLASS, USE, TABLE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def chain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (folder / "chain.py").write_text(CLASS)
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module("chain")


def test_a_space_of_ones_own_takes_forty_lines_and_passes_the_tests_of_every_space(chain: ModuleType) -> None:
    assert len(CLASS.splitlines()) <= 40
    contract = chain.TestChain()
    tests = [name for name in dir(contract) if name.startswith("test_")]
    assert len(tests) > 10
    for name in tests:
        getattr(contract, name)()


@pytest.mark.usefixtures("chain")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_exported_measured_encoded_and_scored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with local_agent(folder / "agent") as address:
        found = run(USE.replace("127.0.0.1:20763", address))
    assert re.fullmatch(r"1,0,3,4,0,2: \d+\.\d{3} ms\n", capsys.readouterr().out)
    assert found["encoding"].sum() == 6
    assert found["scores"].scores["params"].score > 0


# A thousand networks and more are built and run for their costs.
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("chain")
def test_a_device_is_onboarded_in_it_though_nothing_was_ever_measured_in_this_space(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeprof.onboarding.procedure.CANDIDATE_COUNT", 500)
    (name,) = re.findall(r'\[project.entry-points."edgeprof.spaces"\]\n(.*)\n', PAGE)
    package = folder / "chain-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: chain\nVersion: 1\n")
    (package / "entry_points.txt").write_text(f"[edgeprof.spaces]\n{name.replace(chr(34), '')}\n")
    get_space.cache_clear()
    goal = edgeprof.Goal(sample_count=8)
    with SimulatedDevice(folder / "device") as device, edgeprof.connect(device.address) as client:
        onboarded = edgeprof.onboard(client, "chain", setting=device.setting, goal=goal, store=folder / "store.sqlite3")
        space = get_space("chain")
        unseen = space.sample(40, seed=9)
        truth = device.true_latencies_ms(space, unseen)
    prediction = onboarded.profile.predict(unseen)
    assert metrics.spearman(truth, prediction.latency_ms) > 0.9
    assert metrics.interval_coverage(truth, prediction.lower_ms, prediction.upper_ms) >= 0.85


def test_a_table_is_a_space_without_a_class_in_python_and_on_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(TABLE)
    assert re.fullmatch(r"(ridge|nearest) 0\.\d+\n(ridge|nearest) 0\.\d+\n", capsys.readouterr().out)
    (command,) = re.findall(r"\$ (edgeprof evaluate(?:.*\\\n)*.*)", PAGE)
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    done = CliRunner().invoke(edgeprof_command, [*arguments, "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "nearest" in done.output
    assert (folder / "mine.npz").exists()


def test_every_space_is_in_the_table_with_its_size() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
    assert set(SPACE_NAMES) <= set(rows)
    for name in SPACE_NAMES:
        if get_space(name).size < 1_000_000:  # larger ones are written as powers
            assert rows[name] == f"{get_space(name).size:,}"


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block, "search_spaces.md", "exec"), names)
    return names
