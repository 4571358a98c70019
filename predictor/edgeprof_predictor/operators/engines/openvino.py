"""OpenVINO's runtime model: layer types with the primitive that runs them."""

from __future__ import annotations

import re
from typing import Final

from edgeprof_predictor.operators.classes import Kind, OperatorClass
from edgeprof_predictor.operators.engines.by_shape import class_of_convolution, class_of_elementwise, order_tag
from edgeprof_predictor.operators.engines.tables import classes_by_name, names
from edgeprof_predictor.operators.graph import Node

_BY_CLASS: Final[dict[OperatorClass, str]] = {
    OperatorClass.TRANSPOSED_CONVOLUTION: "Deconvolution",
    OperatorClass.DENSE: "FullyConnected",
    OperatorClass.ATTENTION: (
        "ScaledDotProductAttention ScaledDotProductAttentionWithKVCache MHA PagedAttentionExtension"
    ),
    OperatorClass.RECURRENT: "RNNSeq RNNCell LSTMSequence GRUSequence LSTMCell GRUCell AUGRUSequence",
    OperatorClass.NORMALISATION: "MVN NormalizeL2 RMS LRN Lrn RMSNorm",
    OperatorClass.SOFTMAX: "Softmax LogSoftmax SoftMax",
    OperatorClass.ACTIVATION: "Math Relu Sigmoid Tanh Gelu HSwish Elu Clamp Swish Mish HSigmoid",
    OperatorClass.REDUCTION: "Reduce TopK CumSum",
    OperatorClass.POOLING: "Pooling AdaptivePooling",
    OperatorClass.RESIZE: "Interpolate GridSample",
    OperatorClass.TRANSPOSE: "Transpose DepthToSpace SpaceToDepth ShuffleChannels",
    OperatorClass.LAYOUT: "Reorder",
    OperatorClass.CONCATENATION: "Concatenation Concat",
    OperatorClass.SLICING: "Split VariadicSplit StridedSlice Slice Crop",
    OperatorClass.GATHER: (
        "Gather GatherElements GatherND ScatterUpdate ScatterElementsUpdate ScatterNDUpdate OneHot "
        "EmbeddingBagOffsets EmbeddingBagSum"
    ),
    OperatorClass.PADDING: "Pad",
    OperatorClass.COPY: "Convert Broadcast Tile RoPE Roll ExtractImagePatches ConvertLike Range NonZero",
    OperatorClass.QUANTISATION: "FakeQuantize Quantize",
    OperatorClass.VIEW: "Reshape ShapeOf MemoryInput MemoryOutput",
}
_CLASSES: Final = classes_by_name(_BY_CLASS)
_SEVERAL_VALUES: Final = names("Subgraph Eltwise Select")
_PERHAPS_IN_PLACE: Final = frozenset({OperatorClass.CONCATENATION, OperatorClass.SLICING, OperatorClass.GATHER})
_CHANNELS_LAST: Final = ("acdb", "acb", "acdeb")
_INSTRUCTION_SET: Final = re.compile(r"_?(sse42|avx2_vnni|avx2|avx512_core|avx512|avx|amx|neon|sve\d*|uni)(?=_|$)")


def translate(node: Node) -> Kind:
    """Return class and tag: layer type, primitive without its instruction set, layout."""
    found = _class_of(node)
    layout = node.text("outputLayouts")
    parts = [node.type, _INSTRUCTION_SET.sub("", node.kernel)]
    if layout.startswith(_CHANNELS_LAST):
        parts.append("channels last")
    if node.type == "Transpose":
        parts.append(order_tag(node))
    return Kind(
        found or OperatorClass.OTHER,
        " ".join(filter(None, parts)),
        is_known=found is not None,
        is_free=found is not None and _is_in_place(node, found),
    )


def _class_of(node: Node) -> OperatorClass | None:
    if node.type in {"Convolution", "GroupConvolution", "BinaryConvolution"}:
        return class_of_convolution(node)
    if node.type == "MatMul":
        return OperatorClass.DENSE if node.weights and len(node.inputs) < 2 else OperatorClass.MATRIX
    if node.type in _SEVERAL_VALUES:
        if len(node.inputs) == 1 and not node.weights:
            return OperatorClass.ACTIVATION
        return class_of_elementwise(node)
    return _CLASSES.get(node.type)


def _is_in_place(node: Node, operator_class: OperatorClass) -> bool:
    """Whether the node's outputs lie where its inputs do, so that it is never executed."""
    if operator_class is OperatorClass.VIEW:
        return True
    if operator_class in _PERHAPS_IN_PLACE:
        return node.kernel.startswith("unknown")
    return operator_class is OperatorClass.LAYOUT and _is_same_memory(node)


def _is_same_memory(node: Node) -> bool:
    """Whether a change of layout leaves the bytes as they are: one channel or one pixel, or what OpenVINO shows so."""
    tensors = (*node.inputs[:1], *node.outputs[:1])
    if not tensors or len({value.element_type for value in tensors}) > 1:
        return False
    if all(_has_one_order(value.shape) for value in tensors):
        return True
    is_other_primitive = not node.kernel.startswith("reorder_") or node.kernel.startswith("reorder_brgemm")
    return not is_other_primitive and node.text("outputLayouts") not in {"", "abcd"}


def _has_one_order(shape: tuple[int, ...]) -> bool:
    if sum(size > 1 for size in shape) <= 1:
        return True
    return len(shape) > 2 and (shape[1] == 1 or all(size == 1 for size in shape[2:]))
