"""What the shell script says of boards whose programs answer as those of other boards do."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgeprof.deploying.facts import BoardFacts, Interpreter, parse_facts
from edgeprof.deploying.ssh import BOARD_SCRIPT
from edgeprof.deploying.wheel_target import target_of
from edgeprof.errors import DeployError

TOOLS = ("sh", "cat", "ls", "df", "dirname", "sed", "tar", "sha256sum", "mkdir", "rm", "mv", "cp", "grep", "chmod")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the tools of every board, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = next(path for place in ("/bin", "/usr/bin") if (path := Path(place) / tool).exists())
        (folder / tool).symlink_to(found)
    return folder


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def python(folder: Path, name: str, version: str, *, bits: int = 64, missing: str = "-", packages: str = "") -> None:
    """A Python that answers what it is, at a path of its own, and which packages it has."""
    interpreter = folder / f"real-{name}"
    facts = f"python {version} {bits} {missing} {interpreter}"
    body = f'case "$2" in *metadata*) printf "{packages}";; *) echo "{facts}";; esac'
    program(folder, name, body)
    program(folder, interpreter.name, body)


def board(folder: Path, *, machine: str = "aarch64", libc: str = "glibc 2.36", user: int = 1000) -> None:
    program(folder, "uname", f'case "$1" in -s) echo Linux;; *) echo {machine};; esac')
    program(folder, "getconf", f"echo {libc}" if libc else "exit 1")
    program(folder, "id", f"echo {user}")


def look(folder: Path, home: Path, variables: Mapping[str, str] = {}) -> BoardFacts:
    environment = {"PATH": str(folder), "HOME": str(home), **variables}
    done = subprocess.run(["/bin/sh", str(BOARD_SCRIPT), "look"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return parse_facts(done.stdout)


def test_a_board_with_a_user_and_debians_python(programs: Path, tmp_path: Path) -> None:
    board(programs)
    python(programs, "python3", "3.11.2")
    program(programs, "apt-get", "exit 1")
    facts = look(programs, tmp_path)
    assert (facts.machine, facts.libc, facts.libc_version, facts.manager) == ("aarch64", "glibc", (2, 36), "apt-get")
    assert facts.folder == str(tmp_path / ".local/share/edgeprof")
    assert (facts.service, facts.elevates, facts.state, facts.sudo) == ("none", False, "", "")
    assert facts.free_bytes is not None and facts.free_bytes > 0
    assert facts.interpreter() == Interpreter(path=str(programs / "real-python3"), version=(3, 11, 2), bits=64)
    target = target_of(facts, facts.interpreter())
    assert target.tags[:2] == ("manylinux_2_36_aarch64", "manylinux_2_35_aarch64")
    assert target.tags[-3:] == ("manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64")
    assert target.system_packages == {}


def test_an_old_default_python_gives_way_to_a_newer_one(programs: Path, tmp_path: Path) -> None:
    board(programs)
    python(programs, "python3", "3.9.2")
    python(programs, "python3.12", "3.12.1")
    python(programs, "python3.10", "3.10.1")
    assert look(programs, tmp_path).interpreter().version == (3, 12, 1)


@pytest.mark.parametrize(
    ("versions", "manager", "said"),
    [
        ({}, "apt-get", r"has none: `sudo apt install python3"),
        ({"python3": "3.9.2"}, "dnf", r"has 3\.9\.2: `sudo dnf install python3\.11`"),
        ({"python3": "3.9.2"}, "apt-get", r"has 3\.9\.2: upgrade to Debian 12"),
        ({"python3": "3.9.2"}, "opkg-of-another-name", r"has 3\.9\.2: install one there"),
        ({"python3": "3.14.0"}, "apk", r"has 3\.14\.0: `sudo apk add python3`"),
    ],
)
def test_a_board_without_a_fitting_python_is_told_which_package_to_install(
    versions: dict[str, str], manager: str, said: str, programs: Path, tmp_path: Path
) -> None:
    board(programs)
    program(programs, manager, "exit 1")
    for name, version in versions.items():
        python(programs, name, version)
    with pytest.raises(DeployError, match=said):
        look(programs, tmp_path).interpreter()


def test_a_python_without_its_standard_library_does_not_fit(programs: Path, tmp_path: Path) -> None:
    board(programs)
    python(programs, "python3", "3.11.2", missing="venv,_sqlite3")
    with pytest.raises(DeployError, match=r"has 3\.11\.2 without venv, _sqlite3"):
        look(programs, tmp_path).interpreter()


def test_32_bits_on_a_64_bit_kernel_take_debians_packages(programs: Path, tmp_path: Path) -> None:
    board(programs, machine="aarch64")
    python(programs, "python3", "3.11.2", bits=32, packages=r"package cffi 1.15.1\npackage numpy 1.24.2\n")
    facts = look(programs, tmp_path)
    target = target_of(facts, facts.interpreter())
    assert target.architecture == "armv7l"
    assert target.tags[0] == "manylinux_2_36_armv7l"
    assert target.system_packages == {"cffi": "1.15.1", "numpy": "1.24.2"}
    python(programs, "python3", "3.11.2", bits=32)
    facts = look(programs, tmp_path)
    with pytest.raises(DeployError, match="sudo apt install python3-cffi python3-numpy"):
        target_of(facts, facts.interpreter())


def test_termux_takes_its_own_packages_and_no_service(programs: Path, tmp_path: Path) -> None:
    board(programs, libc="")
    packages = r"package cryptography 45.0.1\npackage grpcio 1.81.1\npackage numpy 2.2.0\npackage onnxruntime 1.22.0\n"
    python(programs, "python3", "3.13.1", packages=packages)
    program(programs, "pkg", "exit 1")
    facts = look(programs, tmp_path, {"PREFIX": "/data/data/com.termux/files/usr"})
    assert (facts.is_termux, facts.libc, facts.manager, facts.service) == (True, "bionic", "pkg", "none")
    target = target_of(facts, facts.interpreter())
    assert target.tags == ("linux_aarch64",)
    assert target.system_packages["grpcio"] == "1.81.1"
    assert target.markers()["sys_platform"] == "android"
    python(programs, "python3", "3.13.1")
    facts = look(programs, tmp_path, {"PREFIX": "/data/data/com.termux/files/usr"})
    with pytest.raises(DeployError, match="pkg install python-grpcio"):
        target_of(facts, facts.interpreter())


def test_sudo_that_asks_for_a_password_is_not_used(programs: Path, tmp_path: Path) -> None:
    board(programs)
    python(programs, "python3", "3.11.2")
    program(programs, "sudo", "exit 1")
    facts = look(programs, tmp_path)
    assert (facts.sudo, facts.elevates) == ("password", False)


def test_root_gets_a_folder_that_the_agents_worker_can_read(programs: Path, tmp_path: Path) -> None:
    board(programs, user=0)
    python(programs, "python3", "3.11.2")
    facts = look(programs, tmp_path)
    assert (facts.is_root, facts.folder) == (True, "/opt/edgeprof")


def test_missing_tools_and_other_systems_are_named(programs: Path, tmp_path: Path) -> None:
    board(programs)
    (programs / "sha256sum").unlink()
    python(programs, "python3", "3.11.2")
    assert look(programs, tmp_path).lacks == ("sha256sum",)
    with pytest.raises(DeployError, match="Darwin"):
        parse_facts("board 1\nsystem Darwin\nmachine arm64\nfolder /x\n")
    with pytest.raises(DeployError, match="POSIX shell"):
        parse_facts("Welcome!\n")


def test_this_machine_is_a_board_too(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", str(BOARD_SCRIPT), "look", str(tmp_path / "edgeprof")],
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    facts = parse_facts(done.stdout)
    assert facts.folder == str(tmp_path / "edgeprof")
    assert facts.interpreter().path == os.path.realpath(sys.executable)
    assert facts.interpreter().version == sys.version_info[:3]
    assert facts.machine == os.uname().machine
