"""What an ncnn model takes, from its layers: sizes where a layer Input holds them, ids where a layer Embed reads them.

The engine checks neither: a batch in front of an image makes it read one channel of three, and numbers that are no ids
are read as some. So sizes are fitted to the layer that reads them.
"""

from collections.abc import Sequence
from typing import Any

from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.ncnn_param import Layer

MAX_SIZE_COUNT = 4

_SIZE_KEYS = ("2", "11", "1", "0")
"""Parameters of a layer Input: channels, depth, height, width."""

_CONVOLUTIONS = ("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise")

_SIZE_COUNTS = {
    **{f"{kind}{suffix}": count for kind in _CONVOLUTIONS for suffix, count in (("", 3), ("1D", 2), ("3D", 4))},
    **dict.fromkeys(("LSTM", "GRU", "RNN"), 2),
    "Embed": 1,
}
"""Sizes that an input has for the type of layer that reads it."""

_TABLE_ROWS_KEY = "1"
"""Parameter of a layer Embed: rows of its table."""


def declared_inputs(layers: Sequence[Layer]) -> list[InputSignature]:
    """Return the inputs with the sizes that their layers hold; an input whose layer holds none has no shape."""
    found = []
    for layer in layers:
        if layer.type == "Input":
            for name in layer.outputs:
                reader = _reader(layers, name)
                is_table = reader is not None and reader.type == "Embed"
                row_count = int(reader.parameters.get(_TABLE_ROWS_KEY, "0")) if reader and is_table else 0
                kind = "int32" if is_table else "float32"
                found.append(InputSignature(name, kind, _sizes(layer.parameters), row_count=row_count or None))
    return found


def without_batch(name: str, values: Any, layers: Sequence[Layer]) -> Any:
    """Return values of an input as the layer takes them that reads it: without a batch of 1 in front.

    Args:
        name: The input.
        values: Its values, with sizes that the host has given.
        layers: The layers of the model.

    Raises:
        SettingNotSupportedError: If the layer takes another number of sizes.
    """
    reader = _reader(layers, name)
    reader_type = reader.type if reader else ""
    count = _SIZE_COUNTS.get(reader_type)
    given = "x".join(map(str, values.shape))
    if values.ndim > 1 and values.shape[0] == 1 and values.ndim == (count or MAX_SIZE_COUNT) + 1:
        return values[0]
    if count is not None and values.ndim != count:
        raise SettingNotSupportedError(
            f"the shape {given} was given for input {name!r}, which the layer {reader_type} reads: it takes {count} "
            f"sizes, or a batch of 1 and {count} more"
        )
    if values.ndim > MAX_SIZE_COUNT:
        raise SettingNotSupportedError(
            f"the shape {given} was given for input {name!r}; ncnn takes {MAX_SIZE_COUNT} at most beside the batch"
        )
    return values


def _reader(layers: Sequence[Layer], name: str) -> Layer | None:
    """Return the first layer that reads a blob, behind layers that hand it on to several."""
    names = {name}
    for layer in layers:
        if names.intersection(layer.inputs):
            if layer.type != "Split":
                return layer
            names.update(layer.outputs)
    return None


def _sizes(parameters: dict[str, str]) -> tuple[int, ...] | None:
    sizes = tuple(int(parameters[key]) for key in _SIZE_KEYS if int(parameters.get(key, "0")) > 0)
    return sizes or None
