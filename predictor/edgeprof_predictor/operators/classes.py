"""The classes of operators that all engines share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edgeprof_predictor.operators.graph import Node


class OperatorClass(Enum):
    """What an operator computes, whatever an engine calls it."""

    CONVOLUTION = "convolution"
    POINTWISE = "pointwise convolution"
    DEPTHWISE = "depthwise convolution"
    GROUPED = "grouped convolution"
    TRANSPOSED_CONVOLUTION = "transposed convolution"
    CONVOLUTION_1D = "1-D convolution"
    CONVOLUTION_3D = "3-D convolution"
    DENSE = "matrix product with weights"
    MATRIX = "matrix product of activations"
    ATTENTION = "fused attention"
    RECURRENT = "recurrent layer"
    NORMALISATION = "normalisation"
    SOFTMAX = "softmax"
    ACTIVATION = "activation"
    ELEMENTWISE = "elementwise"
    BROADCAST = "elementwise with broadcasting"
    REDUCTION = "reduction"
    POOLING = "pooling"
    GLOBAL_POOLING = "global pooling"
    RESIZE = "resize"
    TRANSPOSE = "transpose"
    LAYOUT = "change of layout"
    CONCATENATION = "concatenation"
    SLICING = "slice or split"
    GATHER = "gather"
    PADDING = "padding"
    COPY = "copy, cast or expansion"
    QUANTISATION = "quantisation"
    VIEW = "view"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a translation says of a node.

    Args:
        operator_class: Its class.
        tag: The engine's implementation: operators of one tag run the same code.
        is_known: False where the engine's table does not hold the node's type.
        is_free: True for what the engine does not execute.
        node: The node as the sizes expect it, channels first; nothing where it is so already.
    """

    operator_class: OperatorClass
    tag: str
    is_known: bool = True
    is_free: bool = False
    node: Node | None = None
