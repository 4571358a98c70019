"""The contract of runtimes, and the outputs of a network, with tflite-runtime."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from device_agent.runtimes.tflite_models import float_reference, write_float_network

from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.tflite import TfliteRuntime
from edgeprof_agent.runtimes.tflite_interpreter import BUILTIN, XNNPACK
from edgeprof_agent.runtimes.tflite_probe import has_xnnpack
from edgeprof_proto.records.job_spec import Setting


class TestTflite(RuntimeContract):
    def make_runtime(self) -> TfliteRuntime:
        return TfliteRuntime()

    def write_model(self, folder: Path) -> Path:
        return write_float_network(folder / "model.tflite")[0]


def test_xnnpack_is_offered_where_the_package_brings_it() -> None:
    interpreter = TfliteRuntime().import_interpreter()
    assert has_xnnpack(interpreter)
    kernels = SimpleNamespace(BUILTIN=interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    assert not has_xnnpack(SimpleNamespace(Interpreter=interpreter.Interpreter, OpResolverType=kernels))


@pytest.mark.parametrize("provider", [XNNPACK, BUILTIN])
def test_outputs_are_those_of_float32(provider: str, tmp_path: Path) -> None:
    path, weights = write_float_network(tmp_path / "model.tflite")
    model: Any = TfliteRuntime().load(path, Setting(runtime="tflite", provider=provider, batch_size=3), input_seed=0)
    model.run_once()
    expected = float_reference(weights, model._feeds[0][1])
    outputs = np.array(model._interpreter.get_tensor(model._outputs[0]))
    assert np.abs(outputs - expected).max() < 1e-5 * np.abs(expected).max()
    assert model.count_nodes() == {provider: 4}
    model.close()
