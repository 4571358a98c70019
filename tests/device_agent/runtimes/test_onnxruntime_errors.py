from pathlib import Path

import onnx
import pytest
from device_agent.models.onnx_models import input_of, model_of, saved
from onnx import TensorProto, helper

from edgeprof_agent.errors import ModelRejectedError
from edgeprof_agent.runtimes.message_line import MAX_LENGTH
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_agent.runtimes.onnxruntime_errors import error_text
from edgeprof_proto.records.job_spec import Setting


def relu(operator: str = "Relu", element_type: int = TensorProto.FLOAT) -> onnx.ModelProto:
    nodes = [helper.make_node(operator, ["x"], ["y"])]
    return model_of([input_of("x", (1, 3), element_type)], nodes, output_type=element_type)


def said_of(model: onnx.ModelProto, folder: Path) -> str:
    with pytest.raises(ModelRejectedError) as caught:
        OnnxRuntime().load(saved(model, folder), Setting(runtime="onnxruntime"), input_seed=0)
    text = str(caught.value)
    assert "\n" not in text
    assert str(folder) not in text
    assert ".cc:" not in text and ".h:" not in text and "std::" not in text
    return text


def test_a_format_that_is_too_new_says_which_one_there_is_and_what_to_do(tmp_path: Path) -> None:
    model = relu()
    model.ir_version = 99
    said = said_of(model, tmp_path)
    assert said.startswith("ONNX Runtime cannot load the model: the file has version 99 of the ONNX format")
    assert "update onnxruntime" in said and "ir_version" in said


def test_an_opset_that_is_too_new_says_which_one_there_is_and_what_to_do(tmp_path: Path) -> None:
    model = relu()
    model.opset_import[0].version = 99
    said = said_of(model, tmp_path)
    assert said.startswith("ONNX Runtime cannot load the model: the model uses opset 99 of ai.onnx, this ONNX Runtime")
    assert "opset_version=" in said


def test_an_operator_without_an_implementation_and_a_wrong_type_are_told_in_a_line(tmp_path: Path) -> None:
    assert "Relu" in said_of(relu(element_type=TensorProto.BFLOAT16), tmp_path)
    assert "bool" in said_of(relu(element_type=TensorProto.BOOL), tmp_path)


def test_places_in_the_source_are_left_out_and_long_messages_cut() -> None:
    signature = "static void ns::F(const std::map<int, ns::T (*)(int)>&, bool) const [with X = int]"
    place = f"/onnxruntime_src/core/a.cc:12 {signature} "
    error = RuntimeError(f"[ONNXRuntimeError] : 1 : FAIL : {place}what went wrong (in 3 places)")
    assert error_text(error) == "what went wrong (in 3 places)"
    twice = RuntimeError(f"[ONNXRuntimeError] : 1 : FAIL : Load of m failed:{place}what {place}went wrong")
    assert error_text(twice) == "Load of m failed:what went wrong"
    assert len(error_text(RuntimeError("a" * 10_000))) <= MAX_LENGTH + 5
    assert error_text(RuntimeError("")) == "RuntimeError"
    assert error_text(RuntimeError("a.cc:1 no signature")) == "no signature"
