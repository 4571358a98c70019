"""Runs a model in a real worker process, confined as an agent has it: for the contract tests of runtimes."""

import contextlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.runtimes.base import Runtime
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting

_DURATION_S = 120.0

_PLAN = MeasurementPlan(
    warmup_run_count=1, warmup_duration_ms=0.1, timed_run_count=10, timed_duration_ms=0.1, block_count=2
)


def run_confined(runtime_type: type[Runtime], files: Mapping[str, Path], setting: Setting) -> dict[str, Any]:
    """Measure a model in a worker process, which finds the runtime as a package of its own would bring it.

    Graph and times of operators are asked for as well.

    Args:
        runtime_type: The class of the runtime, which lies in a module that can be imported.
        files: The files of the model by name, the main one first. A single file gets a path without a suffix.
        setting: How to run it.

    Returns:
        The last event: a measurement or a failure, as the worker tells it.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = AgentConfig(data_dir=Path(folder) / "agent")
        scratch, model_path = _lay_out(config.data_dir, files)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*_package_of(runtime_type, Path(folder)), *filter(None, sys.path)]),
        }
        spec = JobSpec(
            model_sha256="0" * 64, setting=setting, plan=_PLAN.filled(), wants_operators=True, wants_graph=True
        )
        request = {
            **{"model_path": str(model_path), "spec": to_json(spec), "attempt": 1, "agent_version": WORKER_VERSION},
            **{"has_folder": len(files) > 1, "other_files": list(files)[1:]},
            "isolation": to_json(plan_isolation(config, scratch, environment)),
        }
        with _started(worker_environment(config, environment), scratch) as (process, events):
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            return _last_event(events)


def _lay_out(data_dir: Path, files: Mapping[str, Path]) -> tuple[Path, Path]:
    """Put the files where an agent would have them; return the scratch folder and the path of the main file."""
    scratch, folder = data_dir / "scratch", data_dir / "model.files"
    for path in (scratch, folder):
        path.mkdir(parents=True)
    if len(files) == 1:
        model_path = data_dir / "model"
        model_path.write_bytes(next(iter(files.values())).read_bytes())
        return scratch, model_path
    for name, path in files.items():
        (folder / name).write_bytes(path.read_bytes())
    return scratch, folder / next(iter(files))


def _package_of(runtime_type: type[Runtime], folder: Path) -> tuple[str, str]:
    """Write the metadata of a package that brings the runtime; return the folders of it and of the runtime's module."""
    information = folder / "packages" / "runtime_under_test-1.dist-info"
    information.mkdir(parents=True)
    module = inspect.getmodule(runtime_type)
    assert module is not None and module.__file__ is not None
    entry_point = f"[edgeprof.runtimes]\n{runtime_type.name} = {module.__name__}:{runtime_type.__qualname__}\n"
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: runtime-under-test\nVersion: 1\n")
    (information / "entry_points.txt").write_text(entry_point)
    # Where the import of the module, by its whole name, began.
    root = Path(module.__file__).resolve().parents[module.__name__.count(".")]
    return str(information.parent), str(root)


@contextlib.contextmanager
def _started(environment: Mapping[str, str], scratch: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            (sys.executable, "-m", "edgeprof_agent.worker.main", str(write_end)),
            stdin=subprocess.PIPE,
            pass_fds=(write_end,),
            env=environment,
            cwd=scratch,
        )
    finally:
        os.close(write_end)
    try:
        yield process, read_end
    finally:
        os.close(read_end)
        process.kill()
        process.wait(_DURATION_S)
        assert process.stdin is not None
        process.stdin.close()


def _last_event(events: int) -> dict[str, Any]:
    last: dict[str, Any] = {"event": "none"}
    with open(events, encoding="utf-8", closefd=False) as stream:
        for line in stream:
            last = json.loads(line)
            if last["event"] in ("measurement", "failure"):
                break
    return last
