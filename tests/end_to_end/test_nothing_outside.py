"""An agent writes into its own folder and nowhere else, whatever the engines under it would like to keep."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from device_agent.models.onnx_models import input_of, model_of, saved
from onnx import helper

import edgeprof
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

PLAN = MeasurementPlan(
    warmup_run_count=1,
    warmup_duration_ms=1,
    timed_run_count=10,
    timed_duration_ms=1,
    block_count=2,
    max_duration_ms=5e3,
)

CI_VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "TF_BUILD",
    "ORT_RUNNING_UNIT_TESTS",
    "BUILD_BUILDID",
    "JENKINS_URL",
    "CODEBUILD",
)
"""In such environments engines keep still by themselves."""


def _environment(folder: Path) -> dict[str, str]:
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_", "EDGEPROF_"))}
    for name in CI_VARIABLES:
        kept.pop(name, None)
    return {**kept, "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}


def _left_behind(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for name in ("home", "tmp") for path in (folder / name).rglob("*"))


@contextmanager
def _agent(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    command = [sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--data-dir", str(folder / "agent")], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.mark.timeout(240)
def test_home_and_temporary_folder_stay_empty_after_a_description_and_a_job(tmp_path: Path) -> None:
    model = saved(model_of([input_of("x", (1, 8))], [helper.make_node("Relu", ["x"], ["y"])]), tmp_path)
    with _agent(tmp_path, _environment(tmp_path)) as address, edgeprof.connect(address) as client:
        runtimes = {runtime.name: runtime for runtime in client.device().runtimes}
        assert runtimes["onnxruntime"].version
        client.measure(model, Setting(runtime="onnxruntime"), job_id="job", plan=PLAN)
        client.diagnose()
        assert _left_behind(tmp_path) == []
        assert not list((tmp_path / "agent").glob("describe-*"))
    assert _left_behind(tmp_path) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("module", "expression"), [("registry", "load_runtime('onnxruntime')"), ("onnxruntime", "OnnxRuntime()")]
)
def test_a_process_that_loads_an_engine_for_us_keeps_it_still(module: str, expression: str, tmp_path: Path) -> None:
    name = expression.partition("(")[0]
    program = f"from edgeprof_agent.runtimes.{module} import {name}; assert {expression}.describe().version"
    subprocess.run([sys.executable, "-c", program], env=_environment(tmp_path), cwd=tmp_path, check=True)
    assert _left_behind(tmp_path) == []
