"""Shapes, values and operators are asked for through the contract, and told with the result."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import edgeprof
from edgeprof.errors import AgentTooOldError, ModelNotFoundError, SettingNotSupportedError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting

SHORT = MeasurementPlan(warmup_run_count=1, warmup_duration_ms=0.1, timed_run_count=4, timed_duration_ms=0.1)
RUNTIMES = ["onnxruntime", "simulated"]


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ("batch", "length"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", "length", 4))],
        [helper.make_tensor("table", TensorProto.FLOAT, (50, 4), bytes(800), raw=True)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_shapes_are_given_for_open_dimensions(runtime: str, shared_device: SimulatedDevice, model: Path) -> None:
    setting = Setting(runtime=runtime)
    with edgeprof.connect(shared_device.address) as client:
        shapes = {"length": [12], "batch": [3]}
        found = client.measure(model, setting, job_id=f"shapes-{runtime}", plan=SHORT, input_shapes=shapes)
        assert found.inputs == (
            GeneratedInput(name="ids", element_type="int64", sizes=(3, 12), lowest_value=0, highest_value=49),
        )
        with pytest.raises(SettingNotSupportedError, match="no input and no open dimension is called 'width'"):
            client.measure(model, setting, job_id=f"width-{runtime}", plan=SHORT, input_shapes={"width": [12]})


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_values_are_given_in_an_archive(
    runtime: str, shared_device: SimulatedDevice, model: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "inputs.npz", ids=np.arange(5, 11).reshape(1, 6))
    with edgeprof.connect(shared_device.address) as client:
        setting = Setting(runtime=runtime)
        values = tmp_path / "inputs.npz"
        found = client.measure(model, setting, job_id=f"values-{runtime}", plan=SHORT, inputs=values)
    assert found.inputs == (
        GeneratedInput(name="ids", element_type="int64", sizes=(1, 6), lowest_value=5, highest_value=10, is_given=True),
    )


def test_inputs_that_are_not_there_refuse_the_job(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        sha256 = client.upload_model(model)
        with pytest.raises(ModelNotFoundError, match="f" * 64):
            spec = JobSpec(model_sha256=sha256, setting=shared_device.setting, inputs_sha256="f" * 64)
            client.create_job("no-inputs", spec)


def test_an_agent_that_takes_no_inputs_is_not_given_any(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        client.contract_revision = 3
        with pytest.raises(AgentTooOldError, match=r"cannot be given inputs.*: update edgeprof on the device"):
            client.measure(model, shared_device.setting, job_id="old", input_shapes={"length": [12]})


def test_operators_are_empty_where_the_engine_reports_none(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"7767517\n")
    (tmp_path / "m.xml").write_text('<net name="m"></net>')
    (tmp_path / "m.bin").write_bytes(bytes(9))
    with edgeprof.connect(shared_device.address) as client:
        found = client.measure(
            tmp_path / "m.xml", shared_device.setting, job_id="operators", plan=SHORT, wants_operators=True
        )
        assert found.operators == ()
        with pytest.raises(SettingNotSupportedError, match="values for ONNX models alone"):
            client.measure(tmp_path / "m.xml", shared_device.setting, job_id="no", plan=SHORT, input_shapes={"x": [1]})
