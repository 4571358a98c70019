"""One connected graph on its way to a file: its values as tensors, in the orders of axes in which they are needed.

Images and channels of sequences are first in ONNX and last in TensorFlow Lite. So a value is kept in the order in which
it was made; a transpose of ONNX that turns it into that order costs nothing, and where an operator demands another
order, a transpose is written there, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.file import Options, TfliteFile
from edgeprof.exporters.onnx_to_tflite.graph import ELEMENT_TYPES, Array, Graph, Node, Shape

Order = tuple[int, ...]
"""Which axis of a value in ONNX each axis of its tensor is."""

MAX_RANK = 6
"""Dimensions that a transpose can have."""

_KEPT_BYTES = 256
"""Constants up to this size are written once where several operators read the same."""

_IMAGE_OPERATORS = frozenset(
    {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize", "DepthToSpace"}
    | {"ChannelShuffle", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN"}
)
"""Operators that demand the channels last."""

_ANY_ORDER = frozenset(
    {"Relu", "Clip", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "LeakyRelu", "Elu", "PRelu", "Softplus", "Erf"}
    | {"Gelu", "Abs", "Sqrt", "Exp", "Log", "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Greater", "Where"}
    | {"Concat", "Split", "Slice", "Pad", "Gather", "Expand", "Tile"}
)
"""Operators that work in the order of their input."""


def identity(rank: int) -> Order:
    """Return the order of ONNX."""
    return tuple(range(rank))


def channels_last(rank: int) -> Order:
    """Return the order in which the second axis comes last; that of ONNX for values without positions."""
    return (0, *range(2, rank), 1) if rank > 2 else identity(rank)


def swapped(rank: int) -> Order:
    """Return the order in which the last two axes are exchanged."""
    return (*range(rank - 2), rank - 1, rank - 2)


def stored(shape: Sequence[int], order: Order) -> Shape:
    """Return sizes in another order."""
    return tuple(shape[axis] for axis in order)


class Translation:
    """Writes the operators of one graph into a file.

    Args:
        graph: The graph.
        file: The file.
    """

    def __init__(self, graph: Graph, file: TfliteFile) -> None:
        self.graph = graph
        self.file = file
        self._forms: dict[str, dict[Order, int]] = {}
        self._planes: dict[str, int] = {}
        self._constants: dict[Any, int] = {}
        self._views: dict[int, int] = {}
        for name in graph.inputs:
            rank = len(graph.shapes[name])
            order = channels_last(rank) if self.is_image(name) else identity(rank)
            sizes = stored(graph.shapes[name], order)
            self.define(name, file.tensor(sizes, ELEMENT_TYPES[graph.element_types[name]], name=name), order)

    def end(self) -> Mapping[str, Order]:
        """Declare inputs and outputs, once all operators are written; return the order of each by name."""
        ends = [*self.graph.inputs, *self.graph.outputs]
        self.file.inputs += [self.get(name) for name in self.graph.inputs]
        self.file.outputs += [self.get(name) for name in self.graph.outputs]
        return {name: self.order(name) for name in ends}

    def shape(self, name: str) -> Shape:
        """Return the sizes of a value in ONNX."""
        return self.graph.shapes[name]

    def order(self, name: str) -> Order:
        """Return the order in which a value was made."""
        return identity(len(self.shape(name))) if name in self.graph.constants else next(iter(self._forms[name]))

    def orders(self, name: str) -> tuple[Order, ...]:
        """Return all orders in which a value is at hand, the one in which it was made first."""
        return (self.order(name),) if name in self.graph.constants else tuple(self._forms[name])

    def is_image(self, name: str) -> bool:
        """Whether an operator that demands the channels last reads a value, perhaps by way of others."""
        waiting, seen = [name], {name}
        while waiting and len(self.shape(name)) > 2:
            for node in self.graph.readers(waiting.pop()):
                if node.operator in _IMAGE_OPERATORS or self._meets_image(node):
                    return True
                new = set(node.outputs) - seen if self._passes_order(node) else set()
                waiting += sorted(new)
                seen |= new
        return False

    def define(self, name: str, tensor: int, order: Order | None = None) -> None:
        """Say which tensor holds a value.

        Args:
            name: The value's name in ONNX.
            tensor: The tensor.
            order: The order of its axes; None for that of ONNX.
        """
        self.file.name(tensor, name)
        self._forms.setdefault(name, {})[order or identity(len(self.shape(name)))] = tensor

    def get(self, name: str, order: Order | None = None) -> int:
        """Return the tensor that holds a value.

        Args:
            name: The value's name in ONNX.
            order: The order that its axes must have; None for that in which it was made.
        """
        order = self.order(name) if order is None else order
        if name in self.graph.constants:
            return self._kept((name, order), lambda: np.transpose(self.graph.constants[name], order))
        forms = self._forms[name]
        if order not in forms:
            made, tensor = next(iter(forms.items()))
            forms[order] = self.transposed(tensor, tuple(made.index(axis) for axis in order))
        return forms[order]

    def settle(self, name: str) -> None:
        """Bring a value into the order of ONNX."""
        order = identity(len(self.shape(name)))
        self._forms[name] = {order: self.get(name, order)}

    def operand(self, name: str, order: Order) -> int:
        """Return a tensor that is combined with others of an order element by element, and repeated along them."""
        if name in self.graph.constants:
            return self._kept(("operand", name, order), lambda: self._spread(name, order))
        shape = self.shape(name)
        missing = len(order) - len(shape)
        if not missing:
            return self.get(name, order)
        own = self.get(name, identity(len(shape)))
        return (
            own if order == identity(len(order)) else self.transposed(self.reshaped(own, (1,) * missing + shape), order)
        )

    def plane(self, name: str) -> int:
        """Return a tensor of an image with the channels last; a sequence is an image of one row."""
        shape = self.shape(name)
        if len(shape) != 3:
            return self.get(name, channels_last(len(shape)))
        if name not in self._planes:
            row = self.get(name, channels_last(3))
            self._planes[name] = self.reshaped(row, (shape[0], 1, shape[2], shape[1]))
        return self._planes[name]

    def define_plane(self, name: str, tensor: int) -> None:
        """Say which tensor holds an image with the channels last, or a sequence as an image of one row."""
        order = channels_last(len(self.shape(name)))
        if len(order) == 3:
            self._planes[name] = tensor
            tensor = self.reshaped(tensor, stored(self.shape(name), order))
        self.define(name, tensor, order)

    def constant(self, values: Any, element_type: Any = np.int32) -> int:
        """Return a tensor with a content."""
        content = np.array(values, element_type)
        return self._kept((content.dtype.str, content.shape, content.tobytes()), lambda: content)

    def array(self, content: Array) -> int:
        """Return a tensor with a content that no other operator reads."""
        return self.file.tensor(content.shape, content.dtype, content=content)

    def apply(
        self,
        operator: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        *,
        options: Options | None = None,
        version: int = 1,
        element_type: Any = None,
    ) -> int:
        """Add an operator with one output, and return that.

        Args:
            operator: Its name in `BuiltinOperator`.
            inputs: The tensors that it reads.
            shape: Sizes of the output.
            options: Its options, where they are not the defaults.
            version: Its version.
            element_type: Type of the output's elements; None for that of the first input.
        """
        kind = self.file.element_type(inputs[0]) if element_type is None else element_type
        output = self.file.tensor(shape, kind)
        self.file.operator(operator, inputs, (output,), options=options, version=version)
        return output

    def reshaped(self, tensor: int, shape: Sequence[int]) -> int:
        """Return a tensor with other sizes; a view of a view is one of the first tensor."""
        source = self._views.get(tensor, tensor)
        if self.file.shape(source) == tuple(shape):
            return source
        options = ("ReshapeOptions", {"newShape": np.array(shape, np.int32)})
        found = self.apply("RESHAPE", (source, self.constant(shape)), shape, options=options)
        self._views[found] = source
        return found

    def transposed(self, tensor: int, permutation: Order) -> int:
        """Return a tensor with its axes in another order; where only axes of size 1 move, that is a view."""
        shape = self.file.shape(tensor)
        target = tuple(shape[axis] for axis in permutation)
        moving = [axis for axis in permutation if shape[axis] != 1]
        if moving == sorted(moving):
            return self.reshaped(tensor, target)
        if len(shape) > MAX_RANK:
            raise ExportError(f"TensorFlow Lite transposes {MAX_RANK} dimensions at most, not {len(shape)}")
        version = 6 if len(shape) > 5 else 4 if len(shape) > 4 else 1
        return self.apply("TRANSPOSE", (tensor, self.constant(permutation)), target, version=version)

    def _kept(self, key: Any, make: Callable[[], Array]) -> int:
        if key not in self._constants:
            content = make()
            if content.dtype == np.int64:
                content = content.astype(np.int32)
            self._constants[key] = self.array(content)
        return self._constants[key]

    def _spread(self, name: str, order: Order) -> Array:
        """Return a constant in an order, without dimensions of size 1 that the broadcast adds by itself."""
        values = self.graph.constants[name]
        if not values.ndim:
            return values
        turned = np.transpose(values.reshape((1,) * (len(order) - values.ndim) + values.shape), order)
        sizes = list(turned.shape)
        while len(sizes) > 1 and sizes[0] == 1:
            del sizes[0]
        return turned.reshape(sizes)

    def _passes_order(self, node: Node) -> bool:
        """Whether an operator works in the order of its input: joining the positions of an image leaves it one."""
        if node.operator == "Reshape":
            return self.shape(node.inputs[0])[:2] == self.shape(node.outputs[0])[:2]
        return node.operator in _ANY_ORDER

    def _meets_image(self, node: Node) -> bool:
        """Whether an operator that works in any order also reads a value that was made with the channels last."""
        made = [name for name in node.inputs if name in self._forms] if node.operator in _ANY_ORDER else []
        rank = len(self.shape(node.outputs[0]))
        return rank > 2 and any(self.order(name) == channels_last(rank) for name in made)


Writer = Callable[[Translation, Node], None]
"""Writes the operators that compute what a node does."""
