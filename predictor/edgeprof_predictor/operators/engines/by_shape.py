"""Which class an operator is of, and how it moves memory, by its shapes; the same for all engines."""

from __future__ import annotations

from dataclasses import replace

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.graph import Node, Tensor
from edgeprof_predictor.operators.shapes import convolution_groups, reduced_order, weight_of


def class_of_convolution(node: Node) -> OperatorClass:
    """Return the class of a convolution that is not transposed."""
    rank = len(node.outputs[0].shape) if node.outputs else 4
    groups = convolution_groups(node)
    if rank == 3:
        return OperatorClass.CONVOLUTION_1D if groups == 1 else OperatorClass.GROUPED
    if rank == 5:
        return OperatorClass.CONVOLUTION_3D
    if groups > 1:
        inputs = node.inputs[0].shape if node.inputs else ()
        return OperatorClass.DEPTHWISE if len(inputs) > 1 and groups >= inputs[1] > 1 else OperatorClass.GROUPED
    weight = weight_of(node)
    kernel = node.numbers("kernel_shape") or (weight.shape[2:] if weight is not None else ())
    if kernel and all(size == 1 for size in kernel):
        return OperatorClass.POINTWISE
    return OperatorClass.CONVOLUTION


def order_tag(node: Node) -> str:
    """Return how a transpose moves memory, as "0 2 1"; nothing where the order was not reported."""
    order = node.numbers("perm") or node.numbers("order")
    return " ".join(map(str, reduced_order(node.inputs[0].shape, order))) if node.inputs and order else ""


def class_of_elementwise(node: Node) -> OperatorClass:
    """Return whether an operator on several values repeats one of them."""
    shapes = {value.shape for value in (*node.inputs, *node.weights) if value.elements > 1}
    return OperatorClass.BROADCAST if len(shapes) > 1 else OperatorClass.ELEMENTWISE


def with_fused_activation(node: Node) -> Node:
    """Return the node with an activation that it computes too as an operator merged into it."""
    activation = node.text("activation")
    return replace(node, attributes={**node.attributes, "fused": f"{node.type} {activation}"}) if activation else node


def with_depth_of_weights(node: Node) -> Node:
    """Return a matrix product with its input as rows of as many elements as the weights' second size."""
    weight = weight_of(node)
    if weight is None or len(weight.shape) != 2 or not node.inputs:
        return node
    depth, first = max(weight.shape[1], 1), node.inputs[0]
    if first.shape[-1:] == (depth,) or first.elements % depth:
        return node
    rows = Tensor((first.elements // depth, depth), first.element_type)
    return replace(node, inputs=(rows, *node.inputs[1:]))
