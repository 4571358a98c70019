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

from edgeprof.cli.main import edgeprof
from edgeprof.devices.local_agent import local_agent
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


def test_a_space_of_ones_own_takes_thirty_lines_and_passes_the_tests_of_every_space(chain: ModuleType) -> None:
    assert len(CLASS.splitlines()) <= 30
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


def test_a_table_is_a_space_without_a_class_in_python_and_on_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(TABLE)
    assert re.fullmatch(r"(ridge|nearest) 0\.\d+\n(ridge|nearest) 0\.\d+\n", capsys.readouterr().out)
    (command,) = re.findall(r"\$ (edgeprof evaluate(?:.*\\\n)*.*)", PAGE)
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    done = CliRunner().invoke(edgeprof, [*arguments, "--jobs", "1"])
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
