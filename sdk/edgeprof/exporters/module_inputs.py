"""Example inputs of a user's torch module: from the module itself, or from shapes and values that the user gives."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.errors import ExportError

if TYPE_CHECKING:
    from torch import Tensor, nn

HOW_TO_GIVE = (
    "give the shape of each with --shape NAME=1x3x224x224; where the module takes ids or masks, let the callable "
    "return (module, example inputs), with a tensor for each"
)

_SEED = 0


def example_inputs(
    module: nn.Module,
    own: object,
    *,
    shapes: Mapping[str, Sequence[int]],
    values: Mapping[str, NDArray[Any]],
    batch_size: int,
    skips_unknown: bool = False,
) -> dict[str, Tensor]:
    """Return one input of each kind, in the order in which the module takes them.

    Args:
        module: The module.
        own: Its own example inputs: a tensor, several in a list or tuple, or tensors by name; None where it has none.
        shapes: Shapes by the names of parameters of `forward`. A floating-point input of another shape is drawn anew,
            integers are repeated.
        values: Values by the names of parameters of `forward`.
        batch_size: First dimension that the inputs get where it is 1 in all of them.
        skips_unknown: Whether shapes and values of names that `forward` does not know are left out.

    Raises:
        ExportError: If an input is missing, is no tensor, or has a name that `forward` does not know.
    """
    import torch

    parameters = _parameters(module)
    inputs = _named(own, parameters)
    unknown = [name for name in {**shapes, **values} if name not in inputs and not _is_known(name, module)]
    if skips_unknown:
        shapes = {name: shape for name, shape in shapes.items() if name not in unknown}
        values = {name: value for name, value in values.items() if name not in unknown}
    elif unknown:
        raise ExportError(
            f"the module takes no {', '.join(map(repr, unknown[:8]))}; its inputs are: "
            f"{', '.join(inputs or parameters) or 'without names'}"
        )
    generator = torch.Generator().manual_seed(_SEED)
    for name, shape in shapes.items():
        inputs[name] = _resized(inputs.get(name), tuple(shape), generator)
    inputs.update({name: _tensor(name, value) for name, value in values.items()})
    missing = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    missing = [name for name in missing if name not in inputs]
    if missing or not inputs:
        raise ExportError(f"nothing tells the inputs of the module ({', '.join(missing or parameters)}): {HOW_TO_GIVE}")
    order = list(parameters)
    names = sorted(inputs, key=lambda name: order.index(name) if name in order else len(order))
    return _batched({name: inputs[name] for name in names}, batch_size)


def inputs_text(inputs: Mapping[str, Tensor]) -> str:
    """Return name, type and shape of each input, for messages."""
    kinds = {name: str(value.dtype).removeprefix("torch.") for name, value in inputs.items()}
    return "; ".join(f"{name} {kinds[name]} {'x'.join(map(str, value.shape))}" for name, value in inputs.items())


def _parameters(module: nn.Module) -> dict[str, inspect.Parameter]:
    """Return the parameters of `forward` that have a name of their own."""
    anonymous = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(module.forward).parameters
    return {name: item for name, item in found.items() if item.kind not in anonymous}


def _is_known(name: str, module: nn.Module) -> bool:
    found = inspect.signature(module.forward).parameters
    return name in found or any(item.kind is inspect.Parameter.VAR_KEYWORD for item in found.values())


def _named(own: object, parameters: Mapping[str, inspect.Parameter]) -> dict[str, Tensor]:
    if own is None:
        return {}
    if isinstance(own, Mapping):
        return {str(name): _tensor(str(name), value) for name, value in own.items()}
    items = list(own) if isinstance(own, (tuple, list)) else [own]
    names = [*parameters, *(f"input_{index}" for index in range(len(parameters), len(items)))]
    return {name: _tensor(name, value) for name, value in zip(names, items, strict=False)}


def _tensor(name: str, value: object) -> Tensor:
    import torch

    tensor = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
    if not isinstance(tensor, torch.Tensor):
        raise ExportError(
            f"the example of input {name!r} is {type(value).__name__}, no tensor: let the callable return a module "
            "whose inputs are tensors, or export it to a file yourself"
        )
    tensor = tensor.detach().cpu()
    return tensor.float() if tensor.is_floating_point() else tensor


def _resized(own: Tensor | None, shape: tuple[int, ...], generator: Any) -> Tensor:
    """Return an input of a shape: normally distributed numbers, or integers that the module is known to take."""
    import torch

    if own is None or own.is_floating_point():
        return torch.randn(shape, generator=generator)
    return torch.from_numpy(np.resize(own.numpy(), shape))


def _batched(inputs: dict[str, Tensor], batch_size: int) -> dict[str, Tensor]:
    import torch

    if batch_size == 1 or any(value.dim() == 0 or len(value) != 1 for value in inputs.values()):
        return inputs
    return {name: torch.cat([value] * batch_size) for name, value in inputs.items()}
