"""The one rule for the sizes of inputs.

- A size of 1 or more is taken as it is.
- A size that is missing, has a name, or is negative is open.
- An open first dimension is the batch. Another open dimension that has the name of a batch is as large.
- A shape that the host gives for an input, or a size for an open dimension by its name, comes before all this. It must
  fit the sizes that the model fixes.
- Everything else that is open, a size of 0, and an input without a shape are refused: nobody said how large a run is.
- Where no input leaves its first dimension open, the model runs as it is at batch size 1; a larger batch size must be
  the first size of an input.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.models.signature import Dimension, InputSignature

_EXPORT = "give its size (--shape), or export the model with a fixed one"


def concrete_shapes(
    inputs: Sequence[InputSignature], batch_size: int, given: Mapping[str, Sequence[int]] = MappingProxyType({})
) -> list[tuple[int, ...]]:
    """Return the shape of each input in a run.

    Args:
        inputs: The inputs as the model declares them.
        batch_size: The batch size of the setting.
        given: Shapes by the names of inputs, and sizes by the names of open dimensions, one each.

    Raises:
        ModelRejectedError: If the size of an input is not known, or 0.
        SettingNotSupportedError: If the model fixes its batch to another size, or what is given does not fit it.
    """
    inputs = with_given_shapes(inputs, given)
    shapes = [_dimensions(value) for value in inputs]
    _require_batch(inputs, shapes, batch_size)
    batch_names: set[Dimension] = {shape[0] for shape in shapes if shape and isinstance(shape[0], str)}
    return [
        tuple(_size(value.name, shape, index, batch_size, batch_names) for index in range(len(shape)))
        for value, shape in zip(inputs, shapes, strict=True)
    ]


def with_given_shapes(
    inputs: Sequence[InputSignature], given: Mapping[str, Sequence[int]]
) -> tuple[InputSignature, ...]:
    """Return inputs with the sizes that are given for them; see `concrete_shapes`.

    Raises:
        SettingNotSupportedError: If a name belongs to no input and no open dimension, or a size does not fit.
    """
    if not given:
        return tuple(inputs)
    names = {value.name for value in inputs}
    open_names = {size for value in inputs for size in value.dimensions or () if isinstance(size, str)}
    for name, sizes in given.items():
        if name not in names | open_names:
            known = ", ".join(map(repr, sorted(names | open_names)[:8])) or "none"
            raise SettingNotSupportedError(f"no input and no open dimension is called {name!r}; there are: {known}")
        if name not in names and len(sizes) != 1:
            raise SettingNotSupportedError(f"{name!r} is an open dimension and takes one size, got {len(sizes)}")
    sizes_by_name = {name: sizes[0] for name, sizes in given.items() if name not in names}
    return tuple(_given_to(value, given.get(value.name), sizes_by_name) for value in inputs)


def _given_to(value: InputSignature, shape: Sequence[int] | None, sizes_by_name: Mapping[str, int]) -> InputSignature:
    declared = value.dimensions
    if shape is None:
        if declared is None:
            return value
        named = tuple(sizes_by_name.get(size, size) if isinstance(size, str) else size for size in declared)
        return dataclasses.replace(value, dimensions=named)
    is_fitting = declared is None or len(declared) == len(shape)
    for size, wanted in zip(declared or (), shape, strict=False):
        is_fitting = is_fitting and (not isinstance(size, int) or size < 0 or size == wanted)
    if not is_fitting:
        told = "x".join("?" if not isinstance(size, int) or size < 0 else str(size) for size in declared or ())
        raise SettingNotSupportedError(
            f"the shape {'x'.join(map(str, shape))} was given for input {value.name!r}, which has the shape "
            f"{told or 'of a single element'}; give one that fits it"
        )
    return dataclasses.replace(value, dimensions=tuple(shape))


def element_count(value: InputSignature, batch_size: int) -> int:
    """Return how many elements an input has at most as far as its declaration tells: open sizes count as the batch.

    Args:
        value: The input.
        batch_size: The batch size of the setting.
    """
    sizes = (size if isinstance(size, int) and size >= 0 else batch_size for size in value.dimensions or ())
    return math.prod(sizes)


def _dimensions(value: InputSignature) -> tuple[Dimension, ...]:
    if value.dimensions is None:
        raise ModelRejectedError(
            f"input {value.name!r} declares no shape, so how large a run is cannot be told; give it with --shape, or "
            "export the model with the shapes of its inputs"
        )
    return tuple(None if isinstance(size, int) and size < 0 else size for size in value.dimensions)


def _require_batch(inputs: Sequence[InputSignature], shapes: Sequence[tuple[Dimension, ...]], batch_size: int) -> None:
    first = [(value.name, shape[0]) for value, shape in zip(inputs, shapes, strict=True) if shape]
    is_open = any(not isinstance(size, int) for _, size in first)
    if batch_size == 1 or is_open or any(size == batch_size for _, size in first):
        return
    fixed = ", ".join(f"that of {name!r} is {size}" for name, size in first[:3]) or "none has a dimension"
    raise SettingNotSupportedError(
        f"no input of the model has a first dimension that is open or {batch_size}, the batch_size asked for: {fixed}; "
        "leave the batch size at 1 to run the model as it is, or export it with that dimension open"
    )


def _size(name: str, shape: tuple[Dimension, ...], index: int, batch_size: int, batch_names: set[Dimension]) -> int:
    size = shape[index]
    if isinstance(size, int):
        if size == 0:
            raise ModelRejectedError(
                f"input {name!r} has size 0 in dimension {index}, so that a run would compute nothing; {_EXPORT} of 1 "
                "or more, or with an open first dimension"
            )
        return size
    if index == 0 or size in batch_names:
        return batch_size
    raise ModelRejectedError(
        f"input {name!r} leaves dimension {index} ({size or 'unnamed'}) open, and only the first may be; {_EXPORT}"
    )
