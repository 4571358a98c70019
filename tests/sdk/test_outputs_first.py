"""What cannot be written is found before anything is measured, by every command and public call that writes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import EdgeprofError, OutputFileError
from edgeprof.exporters.onnx import export_architecture
from edgeprof.folders import usable_model_folder
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space

pytestmark = pytest.mark.timeout(600)

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
NOWHERE = "127.0.0.1:1"
TABLE = ("--train", "a", "--test", "b")


def said(*arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments))
    assert result.exit_code != 0
    assert isinstance(result.exception, EdgeprofError | SystemExit), result.exception
    return result.output + str(result.exception)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "table.npz"
    np.savez(path, arch=np.array([[0, 1], [1, 0], [1, 1]]), device=["a", "b"], latency_ms=[[1, 2, 3], [2, 3, 4.0]])
    return path


@pytest.mark.parametrize("output", ["absent/out.png", ".", "out.nosuch"])
def test_a_picture_is_checked_before_the_device_is_asked(output: str, tmp_path: Path, source: Path) -> None:
    picture = str(tmp_path / output)
    # Nothing listens at this address: whoever asked it first would say that.
    text = said("benchmark", str(source), "--device", NOWHERE, "--sustained", "1m", "--picture", picture)
    assert "cannot write" in text or "is a directory" in text
    text = said("search", "--accuracy", f"{source}:a/b", "--device", NOWHERE, "-o", picture)
    assert "cannot write" in text or "is a directory" in text


@pytest.mark.parametrize("verb", ["evaluate", "evaluate-accuracy", "proxies", "import"])
@pytest.mark.parametrize("output", ["absent/out.json", ".", "table.npz"])
def test_results_are_checked_before_anything_is_computed_and_never_written_over_their_source(
    verb: str, output: str, tmp_path: Path, source: Path
) -> None:
    before = source.read_bytes()
    arguments = {
        "evaluate": ("--latencies", str(source), *TABLE),
        "evaluate-accuracy": ("--tables", str(source), "--target", "a/b"),
        "proxies": ("nasbench201", "--table", str(source)),
        "import": (str(source), "--as", "csv"),
    }[verb]
    text = said(verb, *arguments, "--output", str(tmp_path / output))
    assert "cannot write" in text
    assert output != "table.npz" or "the file that is read" in text
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["table.npz"]


def test_a_folder_of_help_is_not_written_over_either(tmp_path: Path) -> None:
    (tmp_path / "arch.pt").write_bytes(b"precious")
    with pytest.raises(OutputFileError, match="the file that is read"):
        edgeprof.import_table(tmp_path, tmp_path / "arch.pt")


def test_a_profile_is_checked_before_the_first_measurement(tmp_path: Path, own_edgeprof_folders: Path) -> None:
    calls: list[object] = []
    with SimulatedDevice(tmp_path / "device") as device, edgeprof.connect(device.address) as client:
        for output in (tmp_path / "absent" / "x.edgeprof", str(tmp_path / "device" / "agent" / "journal" / "x" / "y")):
            with pytest.raises(OutputFileError, match="cannot write"):
                edgeprof.onboard(client, "nasbench201", setting=device.setting, output=output, listener=Told(calls))
        assert list(client.jobs()) == []
    assert calls == []


class Told(edgeprof.OnboardingListener):
    def __init__(self, calls: list[object]) -> None:
        self._calls = calls

    def on_probe_started(self, probe: object) -> None:
        self._calls.append(probe)


def test_a_cache_that_takes_no_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputFileError, match="EDGEPROF_CACHE"):
        usable_model_folder(None)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("edgeprof_predictor._output_files.os.fsync", full)
    space = get_space("nasbench201")
    acts: list[Callable[[], object]] = [
        lambda: usable_model_folder(tmp_path / "cache"),
        lambda: export_architecture(space, space.parse(CELL), str(tmp_path / "cache")),
    ]
    for act in acts:
        with pytest.raises(OutputFileError, match=r"No space left on device.*EDGEPROF_CACHE"):
            act()
    assert list((tmp_path / "cache").iterdir()) == []
