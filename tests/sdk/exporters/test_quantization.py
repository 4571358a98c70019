"""Models in int8: any model, not only networks of search spaces."""

from pathlib import Path

import numpy as np
import pytest

from edgeprof.exporters.agreement import TOLERANCES, relative_difference
from edgeprof.exporters.onnx import quantize_model
from edgeprof_predictor.operators.probes.suite import suite
from edgeprof_proto.shared.onnx_graph import read_model
from edgeprof_proto.shared.onnx_precision import precision_of

PROBES = {probe.name: probe for probe in suite()}


@pytest.mark.parametrize("name", ["fused_image-branching", "attention-text_128", "other_convolution-enlarging"])
def test_a_probe_in_int8_computes_nearly_what_it_does_in_float32(name: str, tmp_path: Path) -> None:
    import onnxruntime

    probe = PROBES[name]
    float32, int8 = tmp_path / "float32.onnx", tmp_path / "int8.onnx"
    float32.write_bytes(probe.model_bytes())
    quantize_model(float32, int8, probe.example_inputs(4))
    assert precision_of(read_model(int8)) == "int8"
    (feeds,) = probe.example_inputs(1)
    found, expected = (
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feeds)
        for path in (int8, float32)
    )
    for one, other in zip(found, expected, strict=True):
        assert 0 < relative_difference(np.asarray(one), np.asarray(other)) < TOLERANCES["int8"] / 2
