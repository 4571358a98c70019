import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk.deploying.loopback_board import SSHD, LoopbackBoard, loopback_board, write_wheels


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    write_wheels(folder)
    return folder


@pytest.fixture(scope="session")
def gathered_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that keeps the wheels that a first deployment has gathered, as that of a user does."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def host_folders(tmp_path: Path, wheel_folder: Path, gathered_wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host of its own, whose pip knows a folder of wheels and no index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel_folder))
    monkeypatch.setenv("EDGEPROF_CACHE", str(gathered_wheels))
    monkeypatch.setenv("EDGEPROF_PAIRINGS", str(tmp_path / "pairings.json"))
    monkeypatch.setenv("EDGEPROF_STORE", str(tmp_path / "store.sqlite3"))
    return tmp_path


@pytest.fixture
def board(tmp_path: Path, host_folders: Path) -> Iterator[LoopbackBoard]:
    assert shutil.which(SSHD) is not None, "these tests need OpenSSH's server: apt-get install openssh-server"
    (tmp_path / "board").mkdir()
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(loopback_board(tmp_path / "board"))
