"""The two modules that open files of users: of the contract's package, and of the predictor's."""

import os
import socket
from pathlib import Path
from types import ModuleType

import pytest

from edgeprof_predictor import _plain_files
from edgeprof_proto.shared import plain_file

pytestmark = [pytest.mark.timeout(30), pytest.mark.parametrize("module", [plain_file, _plain_files])]


def test_a_plain_file_is_read_through_links(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        assert module.read_plain_file(tmp_path / name, max_bytes=7) == b"content"
        with module.open_plain_file(str(tmp_path / name), max_bytes=7) as file:
            assert file.readline() == b"content"


def test_what_has_no_end_is_refused_before_a_byte_is_read(module: ModuleType, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for path, kind in {
            tmp_path / "fifo": "a FIFO",
            tmp_path / "link": "a device",
            tmp_path / "socket": "a socket",
            tmp_path: "a folder",
            Path("/dev/zero"): "a device",
        }.items():
            for read in (module.read_plain_file, module.open_plain_file):
                with pytest.raises(OSError, match=f"^it is {kind}, not a plain file; name a plain file$") as caught:
                    read(path, max_bytes=100)
                assert caught.value.strerror == str(caught.value)


def test_the_size_is_asked_first(module: ModuleType, tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="it has 1099511627776 bytes, at most 100 are read"):
        module.read_plain_file(tmp_path / "sparse", max_bytes=100)


def test_a_file_without_a_size_is_empty(module: ModuleType, tmp_path: Path) -> None:
    # It has an end, but others like it do not.
    assert Path("/proc/self/status").stat().st_size == 0
    assert module.read_plain_file("/proc/self/status", max_bytes=100) == b""


def test_a_missing_file_is_what_it_was(module: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        module.read_plain_file(tmp_path / "missing", max_bytes=100)
