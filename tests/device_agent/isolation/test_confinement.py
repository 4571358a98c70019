import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from device_agent.runtimes.confined import measure_confined

from edgeprof_agent.config import MIB, AgentConfig
from edgeprof_agent.errors import WorkerOutOfMemoryError
from edgeprof_agent.isolation import readable_paths
from edgeprof_agent.isolation.plan import plan_isolation
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job import Failure
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.measurement import Measurement

ROOMS = [str(Path(__file__).parents[3] / room) for room in ("proto", "device_agent")]

MEMORY_BYTES = 512 * MIB

Hostile = Callable[..., str]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    path = tmp_path / "agent"
    path.mkdir(mode=0o700)
    (path / "key.pem").write_text("secret")
    return path


@pytest.fixture
def hostile_path(tmp_path: Path) -> Path:
    """A folder that brings the hostile runtime as an installed package would."""
    plugins = tmp_path / "plugins"
    information = plugins / "hostile-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[edgeprof.runtimes]\nhostile = hostile_runtime:HostileRuntime\n")
    shutil.copy(Path(__file__).with_name("hostile_runtime.py"), plugins)
    return plugins


@pytest.fixture
def measure(hostile_path: Path, data_dir: Path) -> Callable[..., Measurement | Failure]:
    """Measures a model in a real worker, confined as an agent with this data folder has it."""

    def run(
        content: bytes, *, runtime: str = "hostile", variables: Mapping[str, str] | None = None, **fields: Any
    ) -> Measurement | Failure:
        ours = {"PYTHONPATH": os.pathsep.join([*ROOMS, str(hostile_path)]), "SECRET_TOKEN": "secret"}
        limits = {"worker_memory_bytes": MEMORY_BYTES, **fields}
        return measure_confined(
            content, Setting(runtime=runtime), data_dir, variables={**ours, **(variables or {})}, **limits
        )

    return run


@pytest.fixture
def hostile(measure: Callable[..., Measurement | Failure]) -> Hostile:
    """Has the hostile runtime do something, and returns what came of it."""

    def act(what: str, **fields: Any) -> str:
        failure = measure(what.encode(), **fields)
        assert isinstance(failure, Failure)
        assert failure.reason == "ERROR_REASON_RUN_FAILED", failure
        return failure.message

    return act


def test_model_is_measured_in_a_confined_worker(
    measure: Callable[..., Measurement | Failure], write_convolutions: Callable[[Path], Path], tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    measurement = measure(write_convolutions(tmp_path / "m.onnx").read_bytes(), runtime="onnxruntime")
    assert isinstance(measurement, Measurement), measurement
    assert measurement.peak_memory_bytes
    assert measurement.conditions_before.available_memory_bytes


def test_worker_sees_only_the_variables_it_needs_and_those_it_was_given(hostile: Hostile) -> None:
    told = hostile("variables")
    assert "SECRET_TOKEN" not in told and "PATH'," not in told.replace("PYTHONPATH'", "")
    told = hostile("variables", worker_variables="LIBRARY_CACHE, ABSENT", variables={"LIBRARY_CACHE": "1"})
    assert "LIBRARY_CACHE" in told and "ABSENT" not in told


def test_worker_sees_no_file_of_the_agent_and_writes_nowhere_else(hostile: Hostile, data_dir: Path) -> None:
    outside = data_dir.with_name("outside")
    outside.mkdir(mode=0o777)
    assert "refused" in hostile(f"read {data_dir / 'key.pem'}")
    assert "refused" in hostile(f"list {data_dir.parent}")
    assert "key.pem" not in hostile(f"list {data_dir}")
    for path in (outside / "file", data_dir / "file", Path("/tmp/file-of-a-worker"), "/proc/self/oom_score_adj"):
        assert "refused" in hostile(f"write {path}")
    assert list(outside.iterdir()) == []
    assert not (data_dir / "file").exists()
    assert "refused" in hostile("read /etc/passwd")
    assert "refused" in hostile(f"read /proc/{os.getpid()}/environ")
    assert hostile("scratch") == "mine"


def test_packages_within_the_folder_of_the_agent_are_found_and_its_keys_are_not(
    hostile: Hostile, hostile_path: Path, data_dir: Path
) -> None:
    plugins = data_dir / "venv" / "plugins"
    shutil.move(hostile_path, plugins)
    variables = {"PYTHONPATH": os.pathsep.join([*ROOMS, str(plugins)])}
    assert hostile("scratch", variables=variables) == "mine"
    assert "refused" in hostile(f"read {data_dir / 'key.pem'}", variables=variables)


def test_worker_has_no_network(hostile: Hostile, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        assert "refused" in hostile(f"connect {server.getsockname()[1]}")
        path = str(tmp_path / "s")
        local.bind(path)
        local.listen()
        assert "refused" in hostile(f"unix_socket {path}")


@pytest.mark.parametrize("act", ["program", "fork_bomb", "kill_agent", "leave_group"])
def test_worker_cannot_start_or_touch_other_processes(hostile: Hostile, act: str) -> None:
    assert hostile(act) == "refused: Operation not permitted"


def test_threads_are_bounded(hostile: Hostile) -> None:
    assert hostile("thread_bomb").startswith("stopped at")


def test_worker_has_no_privileges(hostile: Hostile) -> None:
    told = hostile("user")
    for expected in ("'CapEff': '0000000000000000'", "'NoNewPrivs': '1'", "'Seccomp': '2'"):
        assert expected in told


@pytest.mark.parametrize(
    ("act", "why"), [("large_file", "File too large"), ("many_files 9", "No space left on device")]
)
def test_what_a_worker_writes_is_bounded(hostile: Hostile, act: str, why: str) -> None:
    assert hostile(act) == f"refused: {why}"


def test_memory_hog_is_stopped_and_named(measure: Callable[..., Measurement | Failure]) -> None:
    failure = measure(b"memory_hog")
    assert isinstance(failure, Failure) and failure.reason == "ERROR_REASON_WORKER_OUT_OF_MEMORY"
    with pytest.raises(WorkerOutOfMemoryError, match="EDGEPROF_AGENT_WORKER_MEMORY_BYTES"):
        measure(b"native_memory_hog")


def test_worker_ends_with_an_agent_that_was_killed(tmp_path: Path, data_dir: Path, hostile_path: Path) -> None:
    config = AgentConfig(data_dir=data_dir)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*ROOMS, str(hostile_path)])}
    environment.pop("EDGEPROF_SIMULATION", None)
    scratch, model = data_dir / "scratch", data_dir / "model"
    scratch.mkdir()
    model.write_text("hang")
    spec = JobSpec(model_sha256="0" * 64, setting=Setting(runtime="hostile"))
    isolation = plan_isolation(config, scratch, environment)
    request = {
        **{"model_path": str(model), "spec": to_json(spec), "attempt": 1},
        **{"agent_version": WORKER_VERSION, "isolation": to_json(isolation)},
    }
    agent = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'edgeprof_agent.worker.main', sys.argv[1]]\n"
        "worker = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[int(sys.argv[1])], cwd=sys.argv[2])\n"
        "worker.stdin.write(sys.argv[3].encode() + b'\\n')\n"
        "worker.stdin.flush()\n"
        "time.sleep(60)\n"
    )
    read_end, write_end = os.pipe()
    with open(read_end, encoding="utf-8") as events:
        process = subprocess.Popen(
            [sys.executable, "-c", agent, str(write_end), str(scratch), json.dumps(request)],
            pass_fds=[write_end],
            env=environment,
        )
        os.close(write_end)
        try:
            assert ["version" in events.readline(), "loading" in events.readline()] == [True, True]
        finally:
            process.kill()
            process.wait()
        # Its events are read on, so that it is not their end that ends it.
        assert events.read() == ""


def test_model_of_another_format_is_refused_before_the_runtime_sees_it(
    measure: Callable[..., Measurement | Failure],
) -> None:
    failure = measure(b"PK\x03\x04 a zip", runtime="onnxruntime")
    assert isinstance(failure, Failure) and failure.reason == "ERROR_REASON_MODEL_REFUSED"
    assert "zip archive" in failure.message


def test_folder_of_the_agent_is_kept_out_wherever_it_lies(tmp_path: Path) -> None:
    data_dir = tmp_path / "opt" / "agent" / "data"
    library = tmp_path / "opt" / "library"
    for folder in (data_dir, library, tmp_path / "opt" / "agent" / "code"):
        folder.mkdir(parents=True)
    (tmp_path / "opt" / "link").symlink_to(data_dir)
    parts = set(readable_paths.parts_without(data_dir, tmp_path / "opt"))
    assert parts == {library, tmp_path / "opt" / "agent" / "code"}
    assert set(readable_paths.parts_without(data_dir, library)) == {library}
    assert set(readable_paths.parts_without(data_dir, data_dir / "scratch")) == set()
