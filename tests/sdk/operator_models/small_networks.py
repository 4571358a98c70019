"""Small networks in ONNX files."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_model(path: Path, channels: int = 16, scope: str = "") -> Path:
    """Write a small network: a convolution, a ReLU, a mean over positions and a matrix product.

    Args:
        path: The file.
        channels: Channels of the convolution.
        scope: What the names of the convolution, the ReLU and their outputs begin with.
    """
    weights = helper.make_tensor("w", TensorProto.FLOAT, (channels, 3, 3, 3), bytes(channels * 27 * 4), raw=True)
    matrix = helper.make_tensor("m", TensorProto.FLOAT, (channels, 10), bytes(channels * 40), raw=True)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], [f"{scope}a"], name=f"{scope}convolution", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"{scope}a"], [f"{scope}b"], name=f"{scope}relu"),
            helper.make_node("GlobalAveragePool", [f"{scope}b"], ["d"], name="mean"),
            helper.make_node("Flatten", ["d"], ["e"], name="flatten"),
            helper.make_node("MatMul", ["e", "m"], ["y"], name="product"),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 3, 32, 32))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 10))],
        [weights, matrix],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
