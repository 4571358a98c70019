"""Every runtime that ships feeds its engine what the host gives."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from device_agent.runtimes.ncnn_models import write_network
from device_agent.runtimes.tflite_models import write_float_network

from edgeprof_agent.runtimes.given_inputs import GivenInputs
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_proto.records.job_spec import Setting


@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "litert", "ncnn"])
def test_given_values_are_fed_and_told(name: str, write_convolutions: Callable[[Path], Path], tmp_path: Path) -> None:
    if name == "litert":
        model_path = write_float_network(tmp_path / "model.tflite")[0]
    elif name == "ncnn":
        model_path = write_network(tmp_path)[0]
    else:
        model_path = write_convolutions(tmp_path / "model.onnx")
    generated = load_runtime(name).load(model_path, Setting(runtime=name), input_seed=0)
    values = {item.name: np.full(item.sizes, 0.5, item.element_type) for item in generated.inputs}
    generated.close()
    np.savez(tmp_path / "inputs.npz", **values)
    runtime = load_runtime(name)
    runtime.given_inputs = GivenInputs(archive=tmp_path / "inputs.npz")
    model = runtime.load(model_path, Setting(runtime=name), input_seed=0)
    model.run_once()
    assert values and all(item.is_given for item in model.inputs)
    model.close()
