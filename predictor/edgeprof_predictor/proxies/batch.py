"""A batch of inputs of any number and shape, with its targets."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from edgeprof_predictor.errors import ProxyError

Inputs: TypeAlias = tuple[Tensor, ...] | dict[str, Tensor]
"""Inputs by position, or by the names of the arguments of `forward`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Inputs of a network, and targets where they are known.

    Letters: `b` items.

    Args:
        inputs: By position or by name.
        targets: Integers are classes, anything else is the desired output; None to draw them.

    Shapes:
        inputs: `b x ...` each.  targets: `b`, `b x ...` without the channels of the output, or as the output.

    Raises:
        ProxyError: If there is no input, none has an item, or their numbers of items differ.
    """

    inputs: Inputs
    targets: Tensor | None = None

    def __post_init__(self) -> None:
        tensors = self.tensors
        if not tensors or not all(isinstance(tensor, Tensor) for tensor in tensors):
            raise ProxyError("a batch needs one or several tensors as inputs")
        sizes = {tensor.shape[0] if tensor.ndim else 0 for tensor in tensors}
        if self.targets is not None:
            sizes.add(len(self.targets))
        if len(sizes) != 1 or not min(sizes):
            raise ProxyError(
                "all inputs and the targets of a batch need the same number of items, at least 1, got shapes "
                f"{', '.join(str(tuple(tensor.shape)) for tensor in tensors)}"
            )
        if any(tensor.is_floating_point() and not torch.isfinite(tensor).all() for tensor in tensors):
            raise ProxyError("an input of the batch holds values that are not finite; leave such items out")

    @property
    def tensors(self) -> list[Tensor]:
        """The inputs, whether by position or by name."""
        return list(self.inputs.values() if isinstance(self.inputs, dict) else self.inputs)

    @property
    def size(self) -> int:
        """Number of items: `b`."""
        return len(self.tensors[0])


BatchLike: TypeAlias = Batch | Tensor | Sequence[object] | Mapping[str, Tensor]
"""A batch as users have it; `as_batch` has the rules."""


def as_batch(module: nn.Module, given: BatchLike) -> Batch:
    """Return what was given as a batch.

    A tensor is the only input. A mapping holds inputs by name, and perhaps `targets`. A sequence is what a loader
    gives, `(inputs, targets)`, the inputs a tensor, a sequence or a mapping; where the network takes as many inputs as
    the sequence holds tensors, all of them are inputs. `Batch` is unambiguous.

    Args:
        module: The network.
        given: The batch.

    Raises:
        ProxyError: If it is no batch.
    """
    if isinstance(given, Batch):
        return given
    if isinstance(given, Tensor):
        return Batch(inputs=(given,))
    if isinstance(given, Mapping):
        named = dict(given)
        targets = named.pop("targets", None)
        return Batch(inputs=named, targets=targets)
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ProxyError(f"a batch is a tensor, a sequence or a mapping of tensors, got {type(given).__name__}")
    parts = list(given)
    are_tensors = all(isinstance(part, Tensor) for part in parts)
    if are_tensors and (len(parts) < 2 or _required_input_count(module) >= len(parts)):
        return Batch(inputs=tuple(part for part in parts if isinstance(part, Tensor)))
    if len(parts) == 2 and not isinstance(parts[0], Tensor):
        inputs = parts[0]
        held = dict(inputs) if isinstance(inputs, Mapping) else inputs
        if isinstance(held, dict | tuple | list):
            return Batch(inputs=held if isinstance(held, dict) else tuple(held), targets=_tensor(parts[1]))
    if not are_tensors:
        raise ProxyError("a batch is (inputs, targets), the inputs a tensor, a sequence or a mapping of tensors")
    return Batch(inputs=tuple(map(_tensor, parts[:-1])), targets=_tensor(parts[-1]))


def random_batch(input_shapes: Sequence[Sequence[int]], *, size: int, seed: int) -> Batch:
    """Draw inputs from a standard normal distribution; targets are drawn once the output is known.

    Args:
        input_shapes: Shape of one item of each input.
        size: Number of items, at least 1.
        seed: The same seed draws the same ones; torch's own generator stays as it is.
    """
    generator = torch.Generator().manual_seed(seed)
    return Batch(inputs=tuple(torch.randn(size, *shape, generator=generator) for shape in input_shapes))


def draw_targets(output: Tensor, inputs: Sequence[Tensor], *, seed: int, class_count: int | None = None) -> Tensor:
    """Draw targets of a batch: classes where the output is one vector of an item, else an image.

    Args:
        output: Of the network.
        inputs: Of the network; the target of an output of the same shape is the input itself.
        seed: The same seed draws the same targets.
        class_count: Number of classes; None for all that the output has.

    Shapes:
        output: `b x c`, or `b x ...`.  returns: `b`, int64, or as the output.
    """
    generator = torch.Generator().manual_seed(seed + 1)
    if output.ndim == 2:
        count = min(class_count or output.shape[1], output.shape[1])
        return torch.randint(count, (len(output),), generator=generator).to(output.device)
    for tensor in inputs:
        if tensor.shape == output.shape and tensor.is_floating_point():
            return tensor.detach()
    return torch.randn(output.shape, generator=generator).to(output)


def _required_input_count(module: nn.Module) -> int:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    return sum(item.kind in kinds and item.default is inspect.Parameter.empty for item in parameters)


def _tensor(value: object) -> Tensor:
    if not isinstance(value, Tensor):
        raise ProxyError(f"inputs and targets of a batch must be tensors, got {type(value).__name__}")
    return value
