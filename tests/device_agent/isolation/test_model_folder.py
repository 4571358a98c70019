"""A confined worker sees the files of its model beside each other, and cannot change them."""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_agent.models.stored_model import ModelParts
from edgeprof_proto.records.job import Failure
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.model_manifest import ManifestInput

Look = Callable[..., dict[str, Any]]


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder that brings the runtime as an installed package would."""
    information = tmp_path / "plugins" / "peeking-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: peeking\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[edgeprof.runtimes]\npeeking = peeking_runtime:PeekingRuntime\n")
    shutil.copy(Path(__file__).with_name("peeking_runtime.py"), tmp_path / "plugins")
    return tmp_path / "plugins"


@pytest.fixture
def look(plugins: Path, tmp_path: Path) -> Look:
    """Runs the runtime in a worker that is confined, or not, and returns what it found."""

    def run(parts: ModelParts, *, is_confined: bool = True) -> dict[str, Any]:
        config = AgentConfig(data_dir=tmp_path / "agent")
        environment = {**os.environ, "PYTHONPATH": str(plugins)}
        environment.pop("EDGEPROF_SIMULATION", None)
        worker = WorkerProcess(
            tmp_path / "agent" / "scratch",
            job_duration_s=60,
            environment=worker_environment(config, environment),
            plan_isolation=(lambda folder: plan_isolation(config, folder, environment)) if is_confined else None,
        )
        spec = JobSpec(model_sha256="0" * 64, setting=Setting(runtime="peeking"))
        model = tmp_path / "agent" / "model"
        failure = asyncio.run(worker.run(model, spec, attempt=1, parts=parts))
        assert isinstance(failure, Failure) and failure.reason == "ERROR_REASON_RUN_FAILED", failure
        assert list((tmp_path / "agent" / "scratch").iterdir()) == []
        found: dict[str, Any] = json.loads(failure.message)
        return found

    (tmp_path / "agent").mkdir(mode=0o700)
    (tmp_path / "agent" / "model").write_text("alone")
    return run


@pytest.fixture
def parts(tmp_path: Path, look: Look) -> ModelParts:
    """Two files as the model store keeps them."""
    stored = {}
    for name, content in (("m.param", "text"), ("m.bin", "weights")):
        path = tmp_path / "agent" / hashlib.sha256(content.encode()).hexdigest()
        path.write_text(content)
        stored[name] = path
    return ModelParts(files=stored, inputs=(ManifestInput(name="x", element_type="float32", sizes=(-1, 3)),))


@pytest.mark.parametrize("is_confined", [True, False])
def test_the_files_lie_beside_each_other_under_their_names(is_confined: bool, look: Look, parts: ModelParts) -> None:
    found = look(parts, is_confined=is_confined)
    assert (found["name"], found["main"], found["beside"]) == ("m.param", "text", "weights")
    assert found["names"] == ["m.bin", "m.param"]
    assert found["inputs"] == [["x", "float32", [None, 3]]]
    # Some engines resolve the path before they look for a file beside it.
    assert found["resolved"].endswith("m.param") and "fd" not in found["resolved"].split("/")


def test_no_file_of_the_model_can_be_changed(look: Look, parts: ModelParts) -> None:
    found = look(parts)
    assert found["writes"].pop("scratch") == "done"
    assert all(outcome != "done" for outcome in found["writes"].values()), found["writes"]
    assert [path.read_text() for path in parts.files.values()] == ["text", "weights"]


def test_a_single_file_stays_a_path_without_a_suffix(look: Look) -> None:
    found = look(ModelParts())
    assert (found["main"], found["beside"]) == ("alone", None)
    assert "." not in found["name"]


def test_files_come_along_where_the_disk_has_no_hard_links(
    look: Look, parts: ModelParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert look(parts)["beside"] == "weights"
