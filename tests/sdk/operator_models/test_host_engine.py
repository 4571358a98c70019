"""Runtimes of this host load models in a process of their own, and what they told is not asked for again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sdk.operator_models.small_networks import write_model

from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import GraphNotToldError, NoEngineError
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

ONNX_RUNTIME = Setting(runtime="onnxruntime")


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def test_one_process_answers_for_several_models_and_another_one_where_it_was_ended(tmp_path: Path) -> None:
    first, second = (write_model(tmp_path / f"m{channels}.onnx", channels) for channels in (8, 16))
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x08\x08" + bytes(100))
    before = children()
    with HostEngine() as engine:
        told = engine.profile(first, ONNX_RUNTIME, {})
        (process,) = set(children()) - set(before)
        with pytest.raises(GraphNotToldError, match=r"damaged\.onnx"):
            engine.profile(damaged, ONNX_RUNTIME, {})
        with pytest.raises(NoEngineError):
            engine.profile(first, Setting(runtime="engine-of-a-board"), {})
        plan = MeasurementPlan(warmup_run_count=1, timed_run_count=2, timed_duration_ms=1.0, block_count=2)
        measurement = engine.measure(second, ONNX_RUNTIME, {}, plan)
        assert set(children()) - set(before) == {process}
        os.kill(process, signal.SIGKILL)
        with pytest.raises(GraphNotToldError, match="ended without an answer"):
            engine.profile(second, ONNX_RUNTIME, {})
        assert engine.profile(second, ONNX_RUNTIME, {}).graph is not None
    assert children() == before
    assert told.graph is not None and told.setting.runtime_version
    assert measurement.median_ms > 0 and len(measurement.timed_blocks) == 2


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """A profile of one network whose latency is made up."""
    model = write_model(tmp_path / "known.onnx")
    with HostEngine() as engine:
        told = engine.profile(model, ONNX_RUNTIME, {})
    assert told.graph is not None
    network = MeasuredNetwork.of_graph(model.name, graph_of("onnxruntime", told.graph), 500.0)
    platform = Platform(device_id="board", device_name="board", setting=told.setting)
    path = tmp_path / "board.edgeprof"
    OperatorProfile.fit([network], platform=platform.facts(), provenance={}).save(path)
    return str(path)


@pytest.mark.parametrize(
    ("verb", "absent"),
    [
        ("predict", ("rich", "edgeprof_predictor.spaces", "edgeprof_proto.records.device")),
        ("explain", ("edgeprof_predictor.spaces",)),
    ],
)
def test_a_command_that_finds_its_graph_kept_imports_what_it_needs(
    verb: str, absent: tuple[str, ...], profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    model = str(write_model(tmp_path / "new.onnx"))
    assert CliRunner().invoke(command, ["predict", profile, model]).exit_code == 0
    (kept,) = (tmp_path / "cache" / "answers").iterdir()
    program = f"""
import sys
from edgeprof.cli import main
sys.argv = ["edgeprof", {verb!r}, {profile!r}, {model!r}]
try:
    main()
except SystemExit as end:
    assert end.code == 0
print("loaded:", *sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    loaded = told.rpartition("loaded:")[2].split()
    assert "edgeprof_predictor.operators.profile" in loaded
    heavy = ("torch", "onnx", "scipy", "matplotlib", "sqlalchemy", "grpc", "google.protobuf", "importlib.metadata")
    others = ("edgeprof_agent", "edgeprof.devices.client", "edgeprof.exporters.registry", "edgeprof.store.store")
    assert not {*heavy, *others, *absent} & set(loaded)
    assert list(kept.parent.iterdir()) == [kept], "it was asked for once"


def test_the_second_prediction_of_a_file_starts_no_engine(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    model = write_model(tmp_path / "new.onnx", 24)

    def predict(*options: str) -> Result:
        return CliRunner().invoke(command, ["predict", profile, str(model), *options, "--json"])

    first = predict()
    assert first.exit_code == 0, first.output
    (kept,) = (tmp_path / "cache" / "answers").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(tmp_path / "absent"))
        assert predict().stdout == first.stdout
        with pytest.raises(FileNotFoundError):
            CliRunner().invoke(command, ["predict", profile, str(model), "--shape", "batch=2"], catch_exceptions=False)
        kept.write_bytes(kept.read_bytes()[:-20])
        with pytest.raises(FileNotFoundError):
            CliRunner().invoke(command, ["predict", profile, str(model)], catch_exceptions=False)
    assert predict().stdout == first.stdout, "what is damaged is told again"
    write_model(model, 64)
    assert predict().stdout != first.stdout, "another file under the same name"
