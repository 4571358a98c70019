from pathlib import Path

import numpy as np
import onnx
import pytest
from device_agent.models.onnx_models import Sizes, input_of, model_of, saved
from onnx import TensorProto, helper

from edgeprof_agent.errors import ModelRefusedError, ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.models.formats.onnx import check_onnx
from edgeprof_agent.runtimes.base import Runtime
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_agent.runtimes.simulated_nodes import read_nodes
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.onnx_graph import read_model


def relu(*shapes: Sizes) -> onnx.ModelProto:
    """A model with an input of each shape."""
    names = [f"x{index}" for index in range(len(shapes))]
    return model_of(
        [input_of(name, shape) for name, shape in zip(names, shapes, strict=True)],
        [helper.make_node("Relu", [name], [f"y{name}"]) for name in names],
        tuple(f"y{name}" for name in names),
    )


def fed_shapes(model: onnx.ModelProto, folder: Path, *, batch_size: int = 1) -> list[tuple[int, ...]]:
    """Run a model with ONNX Runtime, and return the shapes that it was given."""
    runtime: Runtime = OnnxRuntime()
    setting = Setting(runtime="onnxruntime", batch_size=batch_size)
    loaded = runtime.load(saved(model, folder), setting, input_seed=0)
    loaded.run_once()
    assert loaded.setting.batch_size == batch_size
    return [item.sizes for item in loaded.inputs]


@pytest.mark.parametrize("first", ["batch", None, -1, -5])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_an_open_first_dimension_is_the_batch_however_it_is_written(
    first: int | str | None, batch_size: int, tmp_path: Path
) -> None:
    assert fed_shapes(relu((first, 3)), tmp_path, batch_size=batch_size) == [(batch_size, 3)]


def test_an_open_dimension_with_the_name_of_the_batch_is_as_large(tmp_path: Path) -> None:
    model = relu(("n", 3), ("n", "n"), (3, "n"))
    assert fed_shapes(model, tmp_path, batch_size=2) == [(2, 3), (2, 2), (3, 2)]


@pytest.mark.parametrize("shape", [(77, 32), (4, 3), (1,), ()])
def test_a_fixed_shape_runs_as_it_is(shape: tuple[int, ...], tmp_path: Path) -> None:
    assert fed_shapes(relu(shape), tmp_path) == [shape]


def test_a_fixed_first_dimension_is_a_batch_where_the_user_says_so(tmp_path: Path) -> None:
    assert fed_shapes(relu((77, 32)), tmp_path, batch_size=77) == [(77, 32)]
    assert fed_shapes(relu((5, 2), (77, 32)), tmp_path, batch_size=77) == [(5, 2), (77, 32)]
    with pytest.raises(SettingNotSupportedError, match=r"open or 4, the batch_size asked for: that of 'x0' is 77"):
        fed_shapes(relu((77, 32)), tmp_path, batch_size=4)
    with pytest.raises(SettingNotSupportedError, match="none has a dimension"):
        fed_shapes(relu(()), tmp_path, batch_size=4)


REFUSED = [
    ((1, "width"), r"input 'x0' leaves dimension 1 \(width\) open"),
    ((1, None), r"input 'x0' leaves dimension 1 \(unnamed\) open"),
    ((1, -1), r"input 'x0' leaves dimension 1 \(unnamed\) open"),
    ((0, 3), "input 'x0' has size 0 in dimension 0, so that a run would compute nothing"),
    ((2, 0), "input 'x0' has size 0 in dimension 1"),
    (None, "input 'x0' declares no shape"),
]


@pytest.mark.parametrize(("shape", "match"), REFUSED)
def test_a_size_that_nobody_has_told_is_refused_by_name(shape: Sizes, match: str, tmp_path: Path) -> None:
    with pytest.raises(ModelRejectedError, match=match):
        fed_shapes(relu(shape), tmp_path)


@pytest.mark.parametrize(("shape", "match"), REFUSED)
def test_the_simulated_runtime_has_the_same_rule(shape: Sizes, match: str, tmp_path: Path) -> None:
    with pytest.raises(ModelRejectedError, match=match):
        read_nodes(saved(relu(shape), tmp_path), 1)


def test_the_simulated_runtime_takes_a_batch_where_there_is_one(tmp_path: Path) -> None:
    model = relu((-1, 3))
    model.graph.output[0].CopyFrom(input_of("yx0", ("n", 3)))
    (node,) = read_nodes(saved(model, tmp_path), 4)
    assert node.flop_count == 12


@pytest.mark.parametrize("shape", [(-1, 3), (0, 3), (-1, -1, 3), None, (2**40, 0)])
def test_memory_is_not_asked_for_sizes_that_are_none(shape: Sizes) -> None:
    check_onnx(memoryview(relu(shape).SerializeToString()), memory_bytes=10**6, batch_size=1)
    with pytest.raises(ModelRefusedError, match="inputs need"):
        check_onnx(memoryview(relu((2**20, 3)).SerializeToString()), memory_bytes=10**6, batch_size=1)


def test_weights_that_are_listed_as_inputs_are_not_fed(tmp_path: Path) -> None:
    inputs = [input_of("x", ("n", 4)), input_of("w", (4, 1000))]
    model = model_of(inputs, [helper.make_node("MatMul", ["x", "w"], ["y"])], w=(4, 1000))
    assert fed_shapes(model, tmp_path, batch_size=2) == [(2, 4)]
    check_onnx(memoryview(model.SerializeToString()), memory_bytes=1_000, batch_size=1)


@pytest.mark.parametrize(
    ("element_type", "told"),
    [
        (TensorProto.STRING, "texts"),
        (TensorProto.BFLOAT16, "bfloat16"),
        (TensorProto.FLOAT8E4M3FN, "float8e4m3fn"),
        (TensorProto.COMPLEX64, "complex64"),
        (TensorProto.INT4, "int4"),
    ],
)
def test_a_type_that_cannot_be_generated_is_named(element_type: int, told: str, tmp_path: Path) -> None:
    model = model_of([input_of("x", (1, 3), element_type)], [helper.make_node("Identity", ["x"], ["y"])])
    with pytest.raises(ModelRejectedError, match=f"input 'x' is a tensor of {told}.* export the model with inputs of"):
        generate_inputs(read_model(saved(model, tmp_path)), 1, 0)


def test_an_input_that_is_no_tensor_is_named(tmp_path: Path) -> None:
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, (1, 3)))
    value = helper.make_value_info("x", kind)
    node = helper.make_node("SequenceAt", ["x", "zero"], ["y"])
    model = model_of([value], [node], zero=np.array(0, np.int64))
    with pytest.raises(ModelRejectedError, match="input 'x' is no tensor"):
        fed_shapes(model, tmp_path)
