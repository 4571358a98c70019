"""TensorFlow Lite's operators, as LiteRT and tflite-runtime name them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edgeprof_predictor.operators.classes import Kind, OperatorClass
from edgeprof_predictor.operators.engines.by_shape import class_of_elementwise
from edgeprof_predictor.operators.engines.layouts import channels_first, kernel_last
from edgeprof_predictor.operators.engines.tables import classes_by_name, names
from edgeprof_predictor.operators.graph import Node
from edgeprof_predictor.operators.shapes import weight_of

_BY_CLASS: Final[dict[OperatorClass, str]] = {
    OperatorClass.DEPTHWISE: "DEPTHWISE_CONV_2D",
    OperatorClass.TRANSPOSED_CONVOLUTION: "TRANSPOSE_CONV CONV_3D_TRANSPOSE",
    OperatorClass.CONVOLUTION_3D: "CONV_3D",
    OperatorClass.DENSE: "FULLY_CONNECTED",
    OperatorClass.MATRIX: "BATCH_MATMUL",
    OperatorClass.RECURRENT: (
        "LSTM UNIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_LSTM RNN UNIDIRECTIONAL_SEQUENCE_RNN"
    ),
    OperatorClass.NORMALISATION: "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION",
    OperatorClass.SOFTMAX: "SOFTMAX LOG_SOFTMAX",
    OperatorClass.ACTIVATION: (
        "RELU RELU6 RELU_N1_TO_1 LEAKY_RELU LOGISTIC TANH HARD_SWISH ELU GELU EXP LOG SQRT RSQRT ABS NEG SIN "
        "COS FLOOR CEIL ROUND SQUARE SIGN"
    ),
    OperatorClass.REDUCTION: "MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD ARG_MAX ARG_MIN TOPK_V2 CUMSUM",
    OperatorClass.POOLING: "MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D",
    OperatorClass.RESIZE: "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR",
    OperatorClass.TRANSPOSE: "TRANSPOSE DEPTH_TO_SPACE SPACE_TO_DEPTH BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND",
    OperatorClass.CONCATENATION: "CONCATENATION PACK",
    OperatorClass.SLICING: "SLICE STRIDED_SLICE SPLIT SPLIT_V UNPACK",
    OperatorClass.GATHER: "GATHER GATHER_ND EMBEDDING_LOOKUP ONE_HOT SCATTER_ND",
    OperatorClass.PADDING: "PAD PADV2 MIRROR_PAD",
    OperatorClass.COPY: "CAST TILE BROADCAST_TO FILL RANGE REVERSE_V2",
    OperatorClass.QUANTISATION: "QUANTIZE DEQUANTIZE FAKE_QUANT",
    OperatorClass.VIEW: "RESHAPE SQUEEZE EXPAND_DIMS SHAPE",
}
_CLASSES: Final = classes_by_name(_BY_CLASS)
_SEVERAL_VALUES: Final = names(
    "ADD SUB MUL DIV POW MAXIMUM MINIMUM SQUARED_DIFFERENCE SELECT SELECT_V2 PRELU EQUAL GREATER LESS ADD_N"
)
_WINDOWED: Final = frozenset(
    {
        OperatorClass.CONVOLUTION,
        OperatorClass.POINTWISE,
        OperatorClass.DEPTHWISE,
        OperatorClass.TRANSPOSED_CONVOLUTION,
        OperatorClass.CONVOLUTION_3D,
        OperatorClass.POOLING,
    }
)


def translate(node: Node) -> Kind:
    """Return class and tag of an operator; the delegate that runs it is its kernel."""
    if node.type == "CONV_2D":
        weight = weight_of(node)  # output channels, height, width, input channels
        is_pointwise = weight is not None and len(weight.shape) == 4 and weight.shape[1:3] == (1, 1)
        found: OperatorClass | None = OperatorClass.POINTWISE if is_pointwise else OperatorClass.CONVOLUTION
    elif node.type in _SEVERAL_VALUES:
        found = class_of_elementwise(node)
    else:
        found = _CLASSES.get(node.type)
    if found in _WINDOWED:
        node = kernel_last(channels_first(node))
        if found is OperatorClass.DEPTHWISE:  # one weight: 1, height, width, channels
            channels = node.outputs[0].shape[1:2] if node.outputs else ()
            node = replace(node, attributes={**node.attributes, "group": channels or (1,)})
    return Kind(
        found or OperatorClass.OTHER, f"{node.type} {node.kernel}".strip(), is_known=found is not None, node=node
    )
