"""Shapes and values where the sides of a comparison call their inputs differently, on real engines in an agent."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from device_agent.runtimes.tflite_models import OPERATORS, TfliteModel
from onnx import TensorProto, helper

import edgeprof
from edgeprof.errors import InvalidArgumentError, SettingNotSupportedError
from edgeprof.measuring.candidate import Candidate
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedDevice]:
    with SimulatedDevice(tmp_path_factory.mktemp("device"), runtimes=("onnxruntime", "litert")) as device:
        yield device


@pytest.fixture
def onnx_model(tmp_path: Path) -> Candidate:
    """A ReLU of x, whose second dimension is called length."""
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, "length"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, "length"))],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "a.onnx")
    return Candidate(name="a", model=tmp_path / "a.onnx", setting=Setting(runtime="onnxruntime"))


def tflite_model(folder: Path, name: str, size: int) -> Candidate:
    """A ReLU of an input of that name, whose second dimension has that size; -1 is open."""
    model = TfliteModel()
    x, y = model.tensor(name, (1, size)), model.tensor("y", (1, size))
    model.operator(OPERATORS.RELU, (x,), (y,))
    path = model.write(folder / "b.tflite", inputs=(x,), outputs=(y,))
    return Candidate(name="b", model=path, setting=Setting(runtime="litert"))


class Compare:
    """Compares on the device, and notes what was said and measured, in that order."""

    def __init__(self, device: SimulatedDevice, folder: Path) -> None:
        self.said: list[object] = []
        self._device = device
        self._folder = folder

    def __call__(self, a: Candidate, b: Candidate, **given: object) -> edgeprof.Comparison:
        with edgeprof.connect(self._device.address) as client:
            return edgeprof.compare(
                client,
                a,
                b,
                pair_count=5,
                plan=SHORT,
                store=self._folder / "store.sqlite3",
                on_measurement=lambda candidate, measurement: self.said.append(candidate.name),
                on_unknown_names=lambda candidate, names: self.said.append((candidate.name, names)),
                **given,  # type: ignore[arg-type]
            )


@pytest.fixture
def compare(device: SimulatedDevice, tmp_path: Path) -> Compare:
    return Compare(device, tmp_path)


def inputs_of(found: edgeprof.Comparison) -> list[tuple[str, tuple[int, ...], bool]]:
    (pair, *_) = found.pairs
    return [(item.name, item.sizes, item.is_given) for item in (*pair.a.inputs, *pair.b.inputs)]


def test_each_side_is_given_what_it_knows_and_that_is_said_first(
    compare: Compare, onnx_model: Candidate, tmp_path: Path
) -> None:
    np.savez(tmp_path / "values.npz", x=np.ones((1, 32), np.float32), **{"serving_x:0": np.ones((1, 64), np.float32)})
    b = tflite_model(tmp_path, "serving_x:0", -1)
    found = compare(onnx_model, b, input_shapes={"length": (32,)}, inputs=tmp_path / "values.npz")
    assert compare.said[:2] == [("a", ("serving_x:0",)), ("b", ("length", "x"))]
    assert sorted(map(str, compare.said[2:])) == ["a"] * 5 + ["b"] * 5
    assert inputs_of(found) == [("x", (1, 32), True), ("serving_x:0", (1, 64), True)]


def test_a_name_that_both_have_is_applied_to_both(compare: Compare, onnx_model: Candidate, tmp_path: Path) -> None:
    found = compare(onnx_model, tflite_model(tmp_path, "x", -1), input_shapes={"x": (1, 48)})
    assert inputs_of(found) == [("x", (1, 48), False)] * 2
    assert len(compare.said) == 10


@pytest.mark.parametrize(
    ("name", "size", "shapes", "kind", "sentence"),
    [
        ("x", 64, {"width": (64,)}, InvalidArgumentError, "given for 'width', and no model has an input or an open"),
        ("x", 64, {"x": (1, 48)}, SettingNotSupportedError, "B, b, cannot run as asked: the shape 1x48 was given for"),
        ("z", -1, {"x": (1, 48)}, edgeprof.EdgeprofError, "B, b, cannot run as asked: input 'z' leaves dimension 1"),
    ],
)
def test_what_cannot_run_is_said_before_either_is_measured(
    name: str,
    size: int,
    shapes: dict[str, tuple[int, ...]],
    kind: type[Exception],
    sentence: str,
    compare: Compare,
    device: SimulatedDevice,
    onnx_model: Candidate,
    tmp_path: Path,
) -> None:
    with pytest.raises(kind, match=sentence):
        compare(onnx_model, tflite_model(tmp_path, name, size), input_shapes=shapes)
    assert not {"a", "b"} & set(map(str, compare.said))
    with edgeprof.connect(device.address) as client:
        # What loads a model without measuring it is forgotten on the device.
        assert all(job.acknowledge_time is not None for job in client.jobs() if job.job_id.startswith("check-"))
