"""ONNX operators as exported: what stands in where no engine hands over its graph, and the base of ONNX Runtime's."""

from __future__ import annotations

from typing import Final

from edgeprof_predictor.operators.classes import Kind, OperatorClass
from edgeprof_predictor.operators.engines.by_shape import class_of_convolution, class_of_elementwise
from edgeprof_predictor.operators.engines.tables import classes_by_name, names
from edgeprof_predictor.operators.graph import Node

_BY_CLASS: Final[dict[OperatorClass, str]] = {
    OperatorClass.TRANSPOSED_CONVOLUTION: "ConvTranspose",
    OperatorClass.RECURRENT: "LSTM GRU RNN",
    OperatorClass.ATTENTION: (
        "Attention MultiHeadAttention GroupQueryAttention QAttention PackedAttention RotaryEmbedding"
    ),
    OperatorClass.NORMALISATION: (
        "LayerNormalization SkipLayerNormalization SimplifiedLayerNormalization RMSNormalization "
        "SkipSimplifiedLayerNormalization GroupNormalization InstanceNormalization LpNormalization "
        "MeanVarianceNormalization GroupNorm SkipGroupNorm EmbedLayerNormalization LRN"
    ),
    OperatorClass.SOFTMAX: "Softmax LogSoftmax QLinearSoftmax Hardmax",
    OperatorClass.ACTIVATION: (
        "Relu LeakyRelu Sigmoid Tanh HardSigmoid HardSwish Elu Selu Celu Gelu FastGelu QuickGelu Erf Exp Log "
        "Sqrt Reciprocal Softplus Softsign Clip ThresholdedRelu Mish Swish Abs Neg Sign Floor Ceil Round Not "
        "Sin Cos Tan Sinh Cosh Asin Acos Atan IsNaN IsInf QLinearSigmoid QLinearLeakyRelu QuickGelu Shrink "
        "BitwiseNot Rsqrt"
    ),
    OperatorClass.REDUCTION: (
        "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp "
        "ReduceSumSquare ReduceLogSum ArgMax ArgMin TopK CumSum QLinearReduceMean"
    ),
    OperatorClass.POOLING: "MaxPool AveragePool LpPool QLinearAveragePool NhwcMaxPool MaxUnpool",
    OperatorClass.GLOBAL_POOLING: "GlobalAveragePool GlobalMaxPool GlobalLpPool QLinearGlobalAveragePool",
    OperatorClass.RESIZE: "Resize Upsample GridSample",
    OperatorClass.TRANSPOSE: "Transpose DepthToSpace SpaceToDepth",
    OperatorClass.LAYOUT: "ReorderInput ReorderOutput",
    OperatorClass.CONCATENATION: "Concat QLinearConcat",
    OperatorClass.SLICING: "Split Slice",
    OperatorClass.GATHER: "Gather GatherElements GatherND ScatterElements ScatterND OneHot GatherSliceToSplit",
    OperatorClass.PADDING: "Pad",
    OperatorClass.COPY: (
        "Cast Expand Tile CastLike Trilu Compress NonZero Range ConstantOfShape EyeLike ReverseSequence"
    ),
    OperatorClass.QUANTISATION: "QuantizeLinear DequantizeLinear DynamicQuantizeLinear",
    OperatorClass.VIEW: "Reshape Flatten Squeeze Unsqueeze Identity Shape Size Dropout",
    OperatorClass.BROADCAST: "BatchNormalization PRelu",
}
CLASSES: Final = classes_by_name(_BY_CLASS)

CONVOLUTIONS: Final = names("Conv FusedConv NhwcFusedConv QLinearConv ConvInteger")
PRODUCTS: Final = names(
    "MatMul Gemm FusedMatMul FusedGemm QLinearMatMul MatMulInteger MatMulIntegerToFloat "
    "DynamicQuantizeMatMul QGemm MatMulNBits Einsum TransposeMatMul"
)
ELEMENTWISE: Final = names(
    "Add Sub Mul Div Pow Max Min Mean Sum Mod Where Equal Greater Less GreaterOrEqual LessOrEqual And Or "
    "Xor QLinearAdd QLinearMul BiasGelu BiasAdd BiasSoftmax FusedAdd BitShift QLinearWhere"
)


def class_of(node: Node) -> OperatorClass | None:
    """Return the class of an ONNX operator; nothing for one that is not in the tables."""
    if node.type in CONVOLUTIONS:
        return class_of_convolution(node)
    if node.type in PRODUCTS:
        # One activation alone: the other factor is constant, though it may not have been reported.
        return OperatorClass.DENSE if node.weights or len(node.inputs) < 2 else OperatorClass.MATRIX
    if node.type in ELEMENTWISE:
        return class_of_elementwise(node)
    return CLASSES.get(node.type)


def translate(node: Node) -> Kind:
    """Return class and tag of a node of an exported graph; engines hand views on."""
    found = class_of(node)
    is_free = found is OperatorClass.VIEW
    return Kind(found or OperatorClass.OTHER, node.type, is_known=found is not None, is_free=is_free)
