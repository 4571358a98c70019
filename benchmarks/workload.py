"""Models and plans that are small enough for thousands of jobs."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgeprof_proto.records.job_spec import MeasurementPlan

BRIEF_PLAN = MeasurementPlan(
    warmup_run_count=1,
    warmup_duration_ms=0.1,
    timed_run_count=4,
    timed_duration_ms=0.1,
    block_count=2,
    max_duration_ms=1_000.0,
)
"""A job that takes little more than the start of its worker."""


def small_model(path: Path, *, width: int = 8) -> Path:
    """Write a model of two layers.

    Args:
        path: Destination.
        width: Inputs and outputs of each layer; another width is another model.

    Returns:
        The path.
    """
    weights = np.random.default_rng(0).standard_normal((width, width)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("Relu", ["h"], ["y"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", width])],
        [numpy_helper.from_array(weights, "w")],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)]), str(path))
    return path
