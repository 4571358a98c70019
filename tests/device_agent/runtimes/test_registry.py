from pathlib import Path

import pytest

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_agent.runtimes.registry import describe_runtimes, load_runtime


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a folder that is on the import path and holds the metadata of another package."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "other-1.0.dist-info").mkdir()
    (tmp_path / "other-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    return tmp_path


def _write_entry_point(folder: Path, line: str) -> None:
    (folder / "other-1.0.dist-info" / "entry_points.txt").write_text(f"[edgeprof.runtimes]\n{line}\n")


def test_a_runtime_is_found_by_its_name() -> None:
    assert isinstance(load_runtime("onnxruntime"), OnnxRuntime)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RuntimeNotFoundError, match=r"'tensor-magic'; this device knows: onnxruntime, simulated"):
        load_runtime("tensor-magic")


def test_another_package_brings_a_runtime_without_a_change_to_the_agent(install: Path) -> None:
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    (install / "other_runtime.py").write_text(
        "from edgeprof_proto.records.device import RuntimeInfo\n"
        "from edgeprof_agent.runtimes.base import Runtime\n"
        "class OtherRuntime(Runtime):\n"
        "    name = 'other'\n"
        "    def describe(self): return RuntimeInfo(name='other', version='1')\n"
        "    def load(self, model_path, setting, *, input_seed): raise NotImplementedError\n"
    )
    assert load_runtime("other").name == "other"
    assert [info.name for info in describe_runtimes()] == ["onnxruntime", "other"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("other = no_such_module:Runtime", "cannot be imported"),
        ("other = json:NoSuchName", "cannot be imported"),
        ("other = json:dumps", "is no Runtime of that name"),
        ("other = edgeprof_agent.runtimes.onnxruntime:OnnxRuntime", "is no Runtime of that name"),
    ],
)
def test_a_broken_entry_point_is_described_as_unavailable(line: str, text: str, install: Path) -> None:
    _write_entry_point(install, line)
    with pytest.raises(RuntimeNotFoundError, match=text):
        load_runtime("other")
    other = next(info for info in describe_runtimes() if info.name == "other")
    assert other.unavailable_reason is not None and text in other.unavailable_reason


def test_two_packages_with_a_runtime_of_one_name_are_refused(install: Path) -> None:
    _write_entry_point(install, "onnxruntime = other_runtime:OtherRuntime")
    with pytest.raises(RuntimeNotFoundError, match="2 packages bring a runtime 'onnxruntime'"):
        load_runtime("onnxruntime")
