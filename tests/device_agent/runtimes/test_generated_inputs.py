from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from edgeprof_agent.errors import ModelRejectedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.onnx_graph import read_model

WriteModel = Callable[..., Path]

SETTING = Setting(runtime="onnxruntime")


def _inputs(path: Path, *, batch_size: int = 1, seed: int = 0) -> Any:
    return generate_inputs(read_model(path), batch_size, seed)[0]


@pytest.mark.parametrize(
    ("element_type", "expected"),
    [
        (TensorProto.FLOAT, "float32"),
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.DOUBLE, "float64"),
        (TensorProto.INT64, "int64"),
        (TensorProto.INT8, "int8"),
        (TensorProto.UINT8, "uint8"),
        (TensorProto.BOOL, "bool"),
    ],
)
def test_inputs_follow_the_signature_and_the_seed(
    element_type: int, expected: str, tmp_path: Path, write_model: WriteModel
) -> None:
    path = write_model(tmp_path / "model.onnx", element_type=element_type, shape=("batch", 40))
    first = _inputs(path, batch_size=3, seed=1)["x"]
    assert first.shape == (3, 40)
    assert first.dtype == expected
    assert np.array_equal(first, _inputs(path, batch_size=3, seed=1)["x"])
    assert not np.array_equal(first, _inputs(path, batch_size=3, seed=2)["x"])
    OnnxRuntime().load(path, SETTING, input_seed=1).run_once()


def test_generated_integers_are_indices_of_any_table_of_two_rows(tmp_path: Path, write_model: WriteModel) -> None:
    path = write_model(tmp_path / "model.onnx", element_type=TensorProto.INT64, shape=(1, 100))
    assert set(_inputs(path)["x"].ravel().tolist()) == {0, 1}


def test_a_scalar_input_is_generated(tmp_path: Path, write_model: WriteModel) -> None:
    OnnxRuntime().load(write_model(tmp_path / "model.onnx", shape=()), SETTING, input_seed=0).run_once()


def test_inputs_follow_a_signature_of_any_format() -> None:
    signature = (
        InputSignature("x", "float32", (None, 3, 4)),
        InputSignature("ids", "int32", ("batch", 7)),
        InputSignature("flag", "bool", ()),
    )
    feeds, told = generate_inputs(signature, 2, 5)
    assert {name: (feed.shape, str(feed.dtype)) for name, feed in feeds.items()} == {
        "x": ((2, 3, 4), "float32"),
        "ids": ((2, 7), "int32"),
        "flag": ((), "bool"),
    }
    assert [(item.name, item.highest_value) for item in told] == [("x", None), ("ids", 1), ("flag", 1)]
    with pytest.raises(ModelRejectedError, match="input 'x' is a tensor of bfloat16, which cannot be generated"):
        generate_inputs([InputSignature("x", "bfloat16", (1,))], 1, 0)
