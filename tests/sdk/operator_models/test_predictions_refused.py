"""What `predict` says of models that it cannot predict, or predicts without the engine's own graph: a sentence each."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from device_agent.runtimes.tflite_models import TfliteModel
from onnx import TensorProto, helper
from sdk.operator_models.mobile_networks import write_ncnn, write_tflite
from sdk.operator_models.small_networks import write_model

from edgeprof.cli.main import edgeprof as command
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.job_spec import Setting

FLOAT = TensorProto.FLOAT


def _profile(folder: Path, model: Path, runtime: str, *, version: str = "", named: str = "") -> str:
    """Write a profile of one network whose latency is made up: only what is said of others is looked at."""
    with HostEngine() as engine:
        told = engine.profile(model, Setting(runtime=runtime), {})
    assert told.graph is not None
    setting = Setting(runtime=named or runtime, runtime_version=version or told.setting.runtime_version)
    network = MeasuredNetwork.of_graph(model.name, graph_of(runtime, told.graph), 500.0)
    platform = Platform(device_id="board", device_name="board", setting=setting)
    path = folder / f"{setting.runtime}.edgeprof"
    OperatorProfile.fit([network], platform=platform.facts(), provenance={}).save(path)
    return str(path)


@pytest.fixture
def profile(tmp_path: Path) -> str:
    return _profile(tmp_path, write_model(tmp_path / "known.onnx"), "onnxruntime")


def _predict(*arguments: str) -> Result:
    result = CliRunner().invoke(command, ["predict", *arguments])
    assert "Traceback" not in result.output and "Traceback" not in result.stderr
    return result


def _refused(result: Result, name: str) -> str:
    """Return why a model is not predicted, in its one line."""
    assert result.exit_code == 1, result.output
    text = " ".join(result.stderr.split())
    assert text.count(f"{name} is not predicted: ") == 1, text
    return text.split(f"{name} is not predicted: ")[1]


def _write(path: Path, nodes: list[onnx.NodeProto], sizes: list[int | str], **options: object) -> str:
    x, y = (helper.make_tensor_value_info(name, FLOAT, sizes) for name in "xy")
    graph = helper.make_graph(nodes, "graph", [x], [y], **options)  # type: ignore[arg-type]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return str(path)


def test_control_flow_is_not_predicted(profile: str, tmp_path: Path) -> None:
    again = helper.make_tensor_value_info("again", TensorProto.BOOL, [])
    number = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    was = helper.make_tensor_value_info("was", TensorProto.BOOL, [])
    before, after = (helper.make_tensor_value_info(name, FLOAT, [4]) for name in ("before", "after"))
    body = helper.make_graph(
        [helper.make_node("Identity", ["was"], ["again"]), helper.make_node("Relu", ["before"], ["after"])],
        "body", [number, was, before], [again, after],
    )  # fmt: skip
    count = helper.make_tensor("count", TensorProto.INT64, [], [3])
    path = _write(
        tmp_path / "loop.onnx",
        [helper.make_node("Loop", ["count", "", "x"], ["y"], body=body)],
        [4],
        initializer=[count],
    )
    assert "control flow (Loop)" in _refused(_predict(profile, path), "loop.onnx")


def test_open_dimensions_need_a_shape(profile: str, tmp_path: Path) -> None:
    path = _write(tmp_path / "open.onnx", [helper.make_node("Relu", ["x"], ["y"])], [1, 3, "height", "width"])
    assert "--shape" in _refused(_predict(profile, path), "open.onnx")
    given = _predict(profile, path, "--shape", "height=32", "--shape", "width=32")
    assert given.exit_code == 0, given.output


def test_a_custom_operator_is_named(profile: str, tmp_path: Path) -> None:
    path = _write(tmp_path / "custom.onnx", [helper.make_node("Twist", ["x"], ["y"], domain="mine")], [4])
    assert "Twist" in _refused(_predict(profile, path), "custom.onnx")


def test_a_custom_operator_of_tensorflow_lite_is_named(tmp_path: Path) -> None:
    profile = _profile(tmp_path, write_tflite(tmp_path / "known.tflite", 8), "litert")
    model = TfliteModel()
    x, y = model.tensor("x", (4,)), model.tensor("y", (4,))
    model.operator("Twist", (x,), (y,))
    path = model.write(tmp_path / "custom.tflite", inputs=(x,), outputs=(y,))
    assert "custom operator 'Twist'" in _refused(_predict(profile, str(path)), "custom.tflite")


def test_a_layer_that_ncnn_lacks_and_an_input_without_sizes_are_named(tmp_path: Path) -> None:
    known = write_ncnn(tmp_path / "known.param", 8)
    profile = _profile(tmp_path, known, "ncnn")
    lacking, unsized = tmp_path / "lacking.param", tmp_path / "unsized.param"
    for path, old, new in ((lacking, "Pooling", "Twist"), (unsized, " 0=32 1=32 2=3", "")):
        path.write_text(known.read_text().replace(old, new))
        path.with_suffix(".bin").write_bytes(known.with_suffix(".bin").read_bytes())
    assert "no layer of the type 'Twist'" in _refused(_predict(profile, str(lacking)), "lacking.param")
    assert "--shape" in _refused(_predict(profile, str(unsized)), "unsized.param")


def test_a_profile_of_another_version_of_the_runtime_is_said(tmp_path: Path) -> None:
    model = write_ncnn(tmp_path / "known.param", 8)
    result = _predict(_profile(tmp_path, model, "ncnn", version="0.1"), str(model))
    assert result.exit_code == 0, result.output
    assert "on this host, the device runs 0.1: some operators may differ" in " ".join(result.stderr.split())


def test_the_exported_file_stands_in_where_the_engine_is_not_here(profile: str, tmp_path: Path) -> None:
    model = write_model(tmp_path / "known.onnx")
    own = _predict(profile, str(model))
    elsewhere = _predict(_profile(tmp_path, model, "onnxruntime", named="engine-of-a-board"), str(model))
    assert elsewhere.exit_code == 0, elsewhere.output
    text = " ".join(elsewhere.stderr.split())
    assert "graphs of the exported files, which engine-of-a-board will change, so that intervals are wider" in text
    ends = [[float(value) for value in result.stdout.split("\t")[1:3]] for result in (own, elsewhere)]
    widths = [np.log(upper / lower) for lower, upper in ends]
    assert widths[1] > widths[0]
    assert "partly known" in elsewhere.stdout


def test_an_onnx_file_stands_in_for_one_that_is_to_be_converted(tmp_path: Path) -> None:
    profile = _profile(tmp_path, write_ncnn(tmp_path / "known.param", 8), "ncnn")
    result = _predict(profile, str(write_model(tmp_path / "new.onnx")))
    assert result.exit_code == 0, result.output
    assert "ncnn reads ncnn" in " ".join(result.stderr.split())
    damaged = tmp_path / "damaged.param"
    damaged.write_text("7767517\n1 1\nInput\n")
    damaged.with_suffix(".bin").write_bytes(b"1234")
    assert "is no ncnn model" in _refused(_predict(profile, str(damaged)), "damaged.param")
