"""Wheels for boards that are not this machine, with pip's real resolver over a folder of small wheels."""

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import edgeprof
from edgeprof.deploying.gathering import check_runtimes, gather
from edgeprof.deploying.own_wheel import pack_wheel, write_wheel
from edgeprof.deploying.wheel_target import WheelTarget, parse_platform
from edgeprof.errors import DeployError, InvalidArgumentError

REQUIRED = {
    "cryptography": ("45.0.7", "cffi>=1.14"),
    "grpcio": ("1.80.0", "typing-extensions"),
    "grpcio-health-checking": ("1.80.0", "grpcio>=1.80.0"),
    "protobuf": ("6.33.0", ""),
    "spake2": ("0.9", ""),
    "typing-extensions": ("4.12.0", ""),
    "cffi": ("2.0.0", ""),
    "pip": ("25.0", ""),
}


def wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any", *requires: str) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    files = {
        f"{stem}.dist-info/METADATA": ("\n".join(lines) + "\n").encode(),
        f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        f"{name.replace('-', '_')}.py": b"",
    }
    return pack_wheel(folder, stem, [tag], files)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which pip looks for wheels, with all that the agent requires, for any system."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, (version, requires) in REQUIRED.items():
        wheel(folder, name, version, "py3-none-any", *filter(None, [requires]))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def work_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def names(target: WheelTarget, runtimes: tuple[str, ...], work_folder: Path) -> set[str]:
    return {path.name for path in gather(target, runtimes, work_folder).wheels()}


def test_wheels_of_a_board_are_those_of_its_processor_libc_and_python(index: Path, work_folder: Path) -> None:
    for tag in ("cp311-cp311-manylinux_2_28_aarch64", "cp311-cp311-manylinux_2_39_aarch64"):
        wheel(index, "numpy", "2.4.0" if "2_28" in tag else "2.5.0", tag)
    wheel(index, "numpy", "2.6.0", "cp311-cp311-manylinux_2_28_x86_64")
    wheel(index, "numpy", "2.6.0", "cp312-cp312-manylinux_2_28_aarch64")
    wheel(index, "onnxruntime", "1.32.0", "cp311-cp311-manylinux2014_aarch64", "numpy>=1.21")
    target = parse_platform("linux-aarch64-glibc2.36", "3.11")
    found = names(target, ("onnxruntime",), work_folder)
    assert "numpy-2.4.0-cp311-cp311-manylinux_2_28_aarch64.whl" in found
    assert "onnxruntime-1.32.0-cp311-cp311-manylinux2014_aarch64.whl" in found
    assert {name.partition("-")[0] for name in found} == {
        "edgeprof", "numpy", "onnxruntime", *(name.replace("-", "_") for name in REQUIRED),
    }  # fmt: skip


def test_what_pip_overlooks_for_another_python_is_found(index: Path, work_folder: Path) -> None:
    assert sys.version_info >= (3, 10)
    other = "3.10" if sys.version_info[:2] != (3, 10) else "3.12"
    wheel(index, "backport", "1.0")
    wheel(index, "more-backport", "2.0")
    requires = [f'backport; python_version == "{other}"', "typing-extensions", 'absent; python_version < "3.0"']
    wheel(index, "grpcio", "1.81.0", "py3-none-any", *requires)
    wheel(index, "backport", "1.1", "py3-none-any", f'more-backport; python_version == "{other}"')
    found = names(parse_platform("linux-aarch64", other), (), work_folder)
    assert {"backport-1.1-py3-none-any.whl", "more_backport-2.0-py3-none-any.whl"} <= found


def test_32_bit_arm_takes_the_cryptography_that_fits_debians_cffi(index: Path, work_folder: Path) -> None:
    (index / "cffi-2.0.0-py3-none-any.whl").unlink()
    wheel(index, "cryptography", "50.0.2", "cp311-abi3-manylinux_2_31_armv7l", "cffi>=2.0.0")
    found = names(parse_platform("linux-armv7l", "3.11"), (), work_folder)
    assert "cryptography-45.0.7-py3-none-any.whl" in found
    assert not any(name.startswith(("cffi", "numpy")) for name in found)


def test_termux_keeps_its_own_grpcio(index: Path, work_folder: Path) -> None:
    wheel(index, "grpcio-health-checking", "1.81.1", "py3-none-any", "grpcio>=1.81.1")
    wheel(index, "grpcio-health-checking", "1.85.0", "py3-none-any", "grpcio>=1.85.0")
    packages = {"cryptography": "45.0.1", "grpcio": "1.81.1", "numpy": "2.2.0"}
    target = WheelTarget(
        architecture="aarch64", python=(3, 13, 1), tags=("linux_aarch64",), system_packages=packages, is_android=True
    )
    found = names(target, (), work_folder)
    assert "grpcio_health_checking-1.81.1-py3-none-any.whl" in found
    assert not any(name.startswith(("cryptography", "grpcio-", "numpy")) for name in found)


def test_a_runtime_without_wheels_is_one_sentence_and_nothing_is_cached(index: Path, work_folder: Path) -> None:
    with pytest.raises(DeployError, match=r"linux-riscv64 with Python 3\.11.*onnxruntime"):
        gather(parse_platform("linux-riscv64", "3.11"), ("onnxruntime",), work_folder)
    assert list((work_folder.parent / "cache" / "deploy").iterdir()) == []


def test_gathered_wheels_are_used_again_without_pip(
    index: Path, work_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = parse_platform("linux-aarch64", "3.11")
    first = names(target, (), work_folder)
    monkeypatch.setenv("PIP_FIND_LINKS", str(work_folder))
    assert names(target, (), work_folder) == first
    (complete,) = (work_folder.parent / "cache" / "deploy").glob("*/complete")
    os.utime(complete, (0, 0))
    assert names(target, (), work_folder) == first


def test_a_platform_or_a_runtime_that_is_none_is_refused() -> None:
    for platform in ("linux", "windows-x86_64", "linux-aarch64-glibc", "linux-sparc", "", "linux-aarch64-glibc2.36-x"):
        with pytest.raises(InvalidArgumentError, match="a platform is linux-ARCHITECTURE"):
            parse_platform(platform, "3.11")
    for python in ("3", "3.9", "3.14", "three", "3.11.2"):
        with pytest.raises(InvalidArgumentError, match=r"3\.10 to 3\.13"):
            parse_platform("linux-aarch64", python)
    with pytest.raises(InvalidArgumentError, match="a runtime must be one of"):
        check_runtimes(("simulated",))
    assert parse_platform("linux-x86_64-musl1.2", "3.12").tags[0] == "musllinux_1_2_x86_64"


def test_the_wheel_of_what_is_installed_here_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    path, again = write_wheel("edgeprof", tmp_path), write_wheel("edgeprof", tmp_path / "again")
    assert path.name == f"edgeprof-{metadata.version('edgeprof')}-py3-none-any.whl"
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()
    with zipfile.ZipFile(path) as archive:
        held = archive.namelist()
    for name in ("edgeprof_agent/deployment/__main__.py", "edgeprof/deploying/board.sh", "edgeprof_proto/__init__.py"):
        assert name in held
    assert not any("__pycache__" in name or name.endswith("direct_url.json") for name in held)
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", "--target"]
    subprocess.run([*command, str(tmp_path / "installed"), str(path)], check=True)
    assert (tmp_path / "installed" / "edgeprof_agent" / "server.py").exists()


def test_a_pack_holds_one_script_and_all_wheels(index: Path, tmp_path: Path) -> None:
    path = edgeprof.pack_agent("linux-aarch64", "3.11", tmp_path / "agent.tar.gz", ())
    with tarfile.open(path) as archive:
        held = set(archive.getnames())
    assert {"edgeprof-agent/install.sh", "edgeprof-agent/wheels/release.json"} <= held
    assert "edgeprof-agent/wheels/pip-25.0-py3-none-any.whl" in held
