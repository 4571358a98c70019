"""Every way by which a user names a file that is read: a FIFO and a device end in a sentence, at once."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.devices.model_files import find_model_files
from edgeprof.devices.pairings import read_pairings
from edgeprof.errors import EdgeprofError
from edgeprof.network_source import user_attribute
from edgeprof.searching.accuracy import AccuracyTable
from edgeprof_predictor.accuracy.tables import load_task
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.encodings.lookup import load_proxy_encoding
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.runs.journal import Journal
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.importers import import_latency_table
from edgeprof_predictor.tables.published import array_names, load_latency_table

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"

pytestmark = pytest.mark.timeout(120)

READERS: dict[str, Callable[[Path], object]] = {
    "a profile": lambda path: edgeprof.predict(path, [CELL]),
    "a model": lambda path: find_model_files(path, ("onnx",)),
    "a model for another runtime": lambda path: find_model_files(path),
    "a latency table": load_latency_table,
    "names of a table": array_names,
    "a table in CSV": lambda path: import_latency_table(path, format_name="csv"),
    "a table in JSON lines": lambda path: import_latency_table(path, format_name="jsonl"),
    "an accuracy table": lambda path: load_task(path, "nasbench201/task"),
    "the state of a search": lambda path: AccuracyTable(path=path, task="task").identity(),
    "scores of proxies": lambda path: load_proxy_encoding(path, get_space("nasbench201")),
    "a journal": lambda path: Journal(path, {}),
    "a module of the user's": lambda path: user_attribute(str(path), "network"),
}


@pytest.fixture(params=["FIFO", "device", "folder"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    # A name that each reader takes for one of its own.
    path = tmp_path / "file.py"
    if request.param == "FIFO":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    return path


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_plain_file_is_refused_in_a_sentence(name: str, endless: Path) -> None:
    with pytest.raises((EdgeprofError, PredictorError), match="plain file") as caught:
        READERS[name](endless)
    assert "\n" not in str(caught.value) and "Errno" not in str(caught.value)


def test_bundle_and_pairings_are_plain_files(endless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless.rename(tmp_path / "nasbench201.json")
    with pytest.raises(PredictorError, match="plain file"):
        load_bundle("nasbench201", folder=tmp_path)
    monkeypatch.setenv("EDGEPROF_PAIRINGS", str(tmp_path / "nasbench201.json"))
    with pytest.raises(EdgeprofError, match="plain file"):
        read_pairings()


def test_texts_of_the_command_line_are_plain_files_or_stdin(endless: Path) -> None:
    said = CliRunner().invoke(command, ["predict", "absent.edgeprof", "--file", str(endless)])
    assert said.exit_code == 2
    assert "plain file" in said.output
    said = CliRunner().invoke(command, ["predict", "absent.edgeprof", "--file", "-"], input="\ufeff" + CELL + "\n")
    assert "absent.edgeprof" in said.output + str(said.exception)


def test_an_archive_that_unpacks_to_more_than_there_is_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeprof_predictor.tables.published.MAX_TABLE_BYTES", 10**6)
    np.savez_compressed(tmp_path / "t.npz", arch=np.zeros((10**6, 1), np.int8), device=["a"], latency_ms=[1.0])
    with pytest.raises(PredictorError, match="unpacked it has 1000"):
        load_latency_table(tmp_path / "t.npz")
