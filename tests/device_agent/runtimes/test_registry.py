import os
import re
from pathlib import Path

import pytest

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.description import describe_runtimes
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_agent.runtimes.registry import load_runtime


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a folder that is on the import path and holds the metadata of another package."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "other-1.0.dist-info").mkdir()
    (tmp_path / "other-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    return tmp_path


def _write_entry_point(folder: Path, line: str) -> None:
    (folder / "other-1.0.dist-info" / "entry_points.txt").write_text(f"[edgeprof.runtimes]\n{line}\n")


def _write_runtime(folder: Path, body: str) -> None:
    (folder / "other_runtime.py").write_text(
        "import os, signal, subprocess, sys, time\n"
        "from edgeprof_proto.records.device import RuntimeInfo\n"
        "from edgeprof_agent.runtimes.base import Runtime\n"
        "class OtherRuntime(Runtime):\n"
        "    name = 'other'\n"
        f"    def describe(self):\n        {body}\n"
        "    def load(self, model_path, setting, *, input_seed): raise AssertionError\n"
    )


SHIPPED = ["litert", "ncnn", "onnxruntime", "openvino", "tflite"]
"""Runtimes of this package that are listed without a simulation."""

WITH_A_NEIGHBOUR = ("onnxruntime", "other")
"""One runtime that is described beside the one under test stands for all: each costs the import of its engine."""


def test_a_runtime_is_found_by_its_name() -> None:
    assert isinstance(load_runtime("onnxruntime"), OnnxRuntime)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RuntimeNotFoundError, match=r"'tensor-magic'; this device knows: .*openvino, simulated"):
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
    assert [info.name for info in describe_runtimes()] == sorted([*SHIPPED, "other"])


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
    (other,) = describe_runtimes(names=("other",))
    assert other.unavailable_reason is not None and text in other.unavailable_reason


BAD_BODIES = {
    "os_error": ("raise OSError('libdriver.so: cannot open shared object file')", "OSError: libdriver.so"),
    "bug": ("return {}['missing']", "KeyError"),
    "no_record": ("return 3", "failed|ended"),
    "crash": ("os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV"),
    "exit": ("os._exit(3)", "exit code 3"),
    "system_exit": ("sys.exit('no license')", "no license"),
    "hang": ("time.sleep(600)", "took over 2 s"),
    "deaf_hang": ("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); time.sleep(600)", "took over 2 s"),
    "other_name": ("return RuntimeInfo(name='onnxruntime', version='9')", "describes itself as 'onnxruntime'"),
    "no_json": ("return RuntimeInfo(name='other', version=object())", "failed|ended"),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_one_bad_runtime_is_unavailable_with_its_reason_and_the_others_are_there(kind: str, install: Path) -> None:
    body, reason = BAD_BODIES[kind]
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    _write_runtime(install, body)
    duration_s = 2.0 if "hang" in kind else 60.0
    by_name = {info.name: info for info in describe_runtimes(names=WITH_A_NEIGHBOUR, duration_s=duration_s)}
    assert re.search(reason, by_name["other"].unavailable_reason or ""), by_name["other"]
    if "hang" not in kind:
        assert by_name["onnxruntime"].version is not None


@pytest.mark.parametrize("module", ["raise OSError('no driver')", "import os; os.abort()", "1 +"])
def test_a_runtime_that_breaks_while_it_is_imported_hurts_no_other(module: str, install: Path) -> None:
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    (install / "other_runtime.py").write_text(module + "\n")
    by_name = {info.name: info for info in describe_runtimes(names=WITH_A_NEIGHBOUR)}
    assert by_name["other"].unavailable_reason is not None and by_name["onnxruntime"].version is not None


def test_a_runtime_that_prints_much_and_half_a_line_is_described(install: Path) -> None:
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    _write_runtime(install, "print('x' * 3_000_000, end=''); return RuntimeInfo(name='other', version='1')")
    assert [info.version for info in describe_runtimes(names=("other",))] == ["1"]


@pytest.mark.parametrize("content", [b"[edgeprof.runtimes]\nother\n", b"\xff\xfe[edg"])
def test_a_package_with_damaged_metadata_costs_no_runtime(content: bytes, install: Path) -> None:
    (install / "other-1.0.dist-info" / "entry_points.txt").write_bytes(content)
    assert [info.name for info in describe_runtimes()] == SHIPPED
    assert load_runtime("onnxruntime").name == "onnxruntime"


def test_nothing_of_a_runtime_that_hangs_is_left(install: Path) -> None:
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    pids = install / "pids"
    child = "child = subprocess.Popen(['sleep', '600'])"
    _write_runtime(
        install, f"{child}; open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); time.sleep(600)"
    )
    describe_runtimes(names=("other",), duration_s=5.0)
    for pid in pids.read_text().split():
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_two_packages_with_a_runtime_of_one_name_are_refused(install: Path) -> None:
    _write_entry_point(install, "onnxruntime = other_runtime:OtherRuntime")
    with pytest.raises(RuntimeNotFoundError, match="2 packages bring a runtime 'onnxruntime'"):
        load_runtime("onnxruntime")


def test_what_a_runtime_leaves_in_its_home_goes_with_its_description(install: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    _write_runtime(
        install,
        "home = os.path.expanduser('~'); open(home + '/cache', 'w').close(); "
        f"open({str(seen)!r}, 'w').write(home + ' ' + os.environ['DO_NOT_TRACK']); "
        "return RuntimeInfo(name='other', version='1', providers=('cpu',), precisions=('float32',))",
    )
    (described,) = describe_runtimes(names=("other",))
    assert described.version == "1"
    home, do_not_track = seen.read_text().split()
    assert do_not_track == "1"
    assert home != os.path.expanduser("~") and not Path(home).exists()


def test_a_runtime_declares_its_formats_under_the_present_or_the_former_name(install: Path) -> None:
    _write_entry_point(install, "other = other_runtime:OtherRuntime")
    described = {}
    for line in ("model_formats = ('mine', 'onnx')", "model_format = 'onnx'", "model_format = ''"):
        _write_runtime(install, "return RuntimeInfo(name='other', version='1')")
        path = install / "other_runtime.py"
        path.write_text(path.read_text().replace("    name = 'other'\n", f"    name = 'other'\n    {line}\n"))
        described[line] = describe_runtimes(names=("other",))[0].model_formats
    assert list(described.values()) == [("mine", "onnx"), ("onnx",), ()]
