"""The one rule for the sizes of inputs.

- A size of 1 or more is taken as it is.
- A size that is missing, has a name, or is negative is open.
- An open first dimension is the batch. Another open dimension that has the name of a batch is as large.
- Everything else that is open, a size of 0, and an input without a shape are refused: nobody said how large a run is.
- Where no input leaves its first dimension open, the model runs as it is at batch size 1; a larger batch size must be
  the first size of an input.
"""

import math
from collections.abc import Sequence

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.models.signature import Dimension, InputSignature

_EXPORT = "export the model with a fixed size"


def concrete_shapes(inputs: Sequence[InputSignature], batch_size: int) -> list[tuple[int, ...]]:
    """Return the shape of each input in a run.

    Args:
        inputs: The inputs as the model declares them.
        batch_size: The batch size of the setting.

    Raises:
        ModelRejectedError: If the size of an input is not known, or 0.
        SettingNotSupportedError: If the model fixes its batch to another size.
    """
    shapes = [_dimensions(value) for value in inputs]
    _require_batch(inputs, shapes, batch_size)
    batch_names: set[Dimension] = {shape[0] for shape in shapes if shape and isinstance(shape[0], str)}
    return [
        tuple(_size(value.name, shape, index, batch_size, batch_names) for index in range(len(shape)))
        for value, shape in zip(inputs, shapes, strict=True)
    ]


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
            f"input {value.name!r} declares no shape, so how large a run is cannot be told; export the model with the "
            "shapes of its inputs"
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
        f"input {name!r} leaves dimension {index} ({size or 'unnamed'}) open; {_EXPORT}, only the first dimension may "
        "be open"
    )
