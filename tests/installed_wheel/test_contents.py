"""What is in the wheel and in the sdist."""

import base64
import configparser
import csv
import hashlib
import io
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = {
    "edgeprof_proto": "proto",
    "edgeprof_agent": "device_agent",
    "edgeprof_predictor": "predictor",
    "edgeprof": "sdk",
}
SUFFIXES = {
    *(".py", ".pyi", ".typed", ".proto", ".mako", ".json", ".safetensors", ".sh"),
    *(".css", ".html", ".js"),
}
METADATA_FILES = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, bytes]:
    """Contents by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata_folder(files: dict[str, bytes]) -> str:
    (name,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    return name.removesuffix("RECORD")


@pytest.fixture(scope="module")
def metadata(files: dict[str, bytes], metadata_folder: str) -> Message:
    return Parser().parsestr(files[f"{metadata_folder}METADATA"].decode())


def test_the_wheel_holds_the_four_packages_and_nothing_else(files: dict[str, bytes], metadata_folder: str) -> None:
    sources = {
        path.relative_to(ROOT / room).as_posix()
        for package, room in ROOMS.items()
        for path in (ROOT / room / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert set(files) == sources | {metadata_folder + name for name in METADATA_FILES}
    assert {Path(name).suffix for name in sources} == SUFFIXES


@pytest.mark.parametrize("package", ROOMS)
def test_every_package_tells_type_checkers_that_it_is_typed(package: str, files: dict[str, bytes]) -> None:
    assert f"{package}/py.typed" in files


def test_what_is_read_at_run_time_is_there(files: dict[str, bytes]) -> None:
    bundles = {name.split("bundles/")[1] for name in files if name.startswith("edgeprof_predictor/bundles/")}
    for name in ("nasbench201", "fbnet", "accuracy/default"):
        assert {f"{name}.json", f"{name}.safetensors"} <= bundles
    migrations = {name.split("migrations/")[1] for name in files if name.startswith("edgeprof/store/migrations/")}
    assert {"env.py", "script.py.mako", "versions/0001_create_the_store.py"} <= migrations
    for name in ("device", "device_agent", "error", "job", "pairing"):
        for ending in (".proto", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi"):
            assert f"edgeprof_proto/v1/{name}{ending}" in files


def test_the_record_lists_every_file_once_as_it_is(files: dict[str, bytes], metadata_folder: str) -> None:
    record = f"{metadata_folder}RECORD"
    rows = list(csv.reader(io.StringIO(files[record].decode())))
    assert sorted(name for name, *_ in rows) == sorted(files)
    for name, digest, size in rows:
        if name == record:
            assert (digest, size) == ("", "")
            continue
        sha256 = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        assert (name, digest, size) == (name, f"sha256={sha256}", str(len(files[name])))


def test_commands_runtimes_and_the_pytest_plugin_are_entry_points(
    files: dict[str, bytes], metadata_folder: str
) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(files[f"{metadata_folder}entry_points.txt"].decode())
    assert {group: set(parser[group]) for group in parser.sections()} == {
        "console_scripts": {"edgeprof", "edgeprof-agent"},
        "edgeprof.runtimes": {"litert", "ncnn", "onnxruntime", "openvino", "simulated", "tflite"},
        "edgeprof.exporters": {"ncnn", "onnx", "tflite"},
        "pytest11": {"edgeprof"},
    }


def test_the_readme_is_the_long_description_and_renders(metadata: Message) -> None:
    from readme_renderer.markdown import render

    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata.get_payload()
    assert description == (ROOT / "README.md").read_text()
    page = render(description)
    assert page is not None
    assert page.count("<table>") == description.count("\n| --- ")
    assert page.count("<pre") == description.count("\n```") / 2


def test_the_metadata_names_licence_pythons_and_extras(metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    assert set(metadata.get_all("Provides-Extra") or ()) == {
        *("converters", "dev", "discovery", "docs", "host", "litert-export", "ncnn-export", "parquet", "postgresql"),
        *("search", "tflite-tests"),
        *("litert", "ncnn", "onnxruntime", "openvino", "tflite"),
    }


def test_the_sdist_holds_sources_tests_and_no_leavings(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"README.md", "LICENSE", "pyproject.toml", "scripts/test", "tests/conftest.py", "docs/architecture.md"}
    assert needed <= names
    folders = {part for name in names for part in Path(name).parts[:-1]}
    assert not {"__pycache__", ".git", ".venv", ".venv-dev", ".mypy_cache", ".pytest_cache"} & folders
