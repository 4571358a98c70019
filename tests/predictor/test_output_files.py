"""Files that a user named for a result: nothing that is no plain file is replaced, and nothing is lost or left."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgeprof_predictor._output_files import is_replaced, require_folder, require_writable, write_output

pytestmark = pytest.mark.timeout(120)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for name in ("there/old", "there/new"):
        link = tmp_path / f"link to {Path(name).name}"
        link.symlink_to(name)
        write_output(link, b"1")
        write_output(link, b"2")
        assert link.is_symlink()
        assert (tmp_path / name).read_bytes() == b"2"
    assert names(tmp_path / "there") == ["new", "old"]


def test_permissions_and_owner_stay_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_output(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)


def test_a_device_is_written_into_and_stays(tmp_path: Path) -> None:
    link = tmp_path / "nowhere"
    link.symlink_to("/dev/null")
    for path in ("/dev/null", link):
        before = os.stat(path)
        require_writable(path)
        write_output(path, b"content")
        assert stat.S_ISCHR(os.stat(path).st_mode)
        assert os.stat(path).st_rdev == before.st_rdev
        assert not is_replaced(path)


def test_a_fifo_is_written_into_and_a_check_does_not_wait_for_its_reader(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    require_writable(fifo)
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(fifo.read_bytes()))
    reader.start()
    write_output(fifo, b"c" * 200_000)
    reader.join(timeout=60)
    assert seen == [b"c" * 200_000]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("is_file", [True, False])
def test_standard_output_is_written_into_wherever_it_goes(name: str, is_file: bool, tmp_path: Path) -> None:
    code = (
        "import sys; from edgeprof_predictor._output_files import write_output\n"
        f"print('before'); write_output({name!r}, b'result\\n'); print('after')"
    )
    target = tmp_path / "out"
    with target.open("ab") as file:
        file.write(b"kept\n")
        file.flush()
        stdout = file if is_file else subprocess.PIPE
        done = subprocess.run([sys.executable, "-c", code], stdout=stdout, check=True, timeout=120)
    assert (target.read_bytes() if is_file else b"kept\n" + done.stdout) == b"kept\nbefore\nresult\nafter\n"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("kind", ["same", "link", "hard link", "other spelling"])
def test_an_input_is_never_written_over(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"precious")
    output = tmp_path / "output"
    if kind == "link":
        output.symlink_to(source)
    elif kind == "hard link":
        output.hardlink_to(source)
    else:
        output = source if kind == "same" else tmp_path / "." / "x" / ".." / "source"
        (tmp_path / "x").mkdir()
    for act in (require_writable, lambda path, inputs: write_output(path, b"", inputs=inputs)):
        with pytest.raises(OSError, match="the file that is read"):
            act(output, inputs=[tmp_path / "absent", source])
    assert source.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["", ".", "folder", "folder/", "absent/file", "x" * 300, "file/below"])
def test_what_cannot_be_written_is_known_beforehand_and_nothing_is_left(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    path = f"{tmp_path}/{name}" if name else ""
    for act in (require_writable, lambda one: write_output(one, b"content")):
        with pytest.raises(OSError):
            act(path)
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == []


def test_a_check_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    for name in ("old", "new"):
        require_writable(tmp_path / name)
    require_folder(tmp_path)
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def test_a_name_as_long_as_the_system_allows_is_written(tmp_path: Path) -> None:
    write_output(tmp_path / ("x" * 255), b"content")
    assert names(tmp_path) == ["x" * 255]


def test_a_full_disk_is_known_beforehand_and_an_old_file_survives_it(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "from edgeprof_predictor._output_files import require_writable, write_output\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "for act in (require_writable, lambda path: write_output(path, bytes(1000))):\n"
        "    try: act(sys.argv[1])\n"
        "    except OSError as error: print(error.strerror)\n"
    )
    (tmp_path / "file").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file")], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.count("File too large") == 2, done.stderr
    assert (names(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], b"old")
