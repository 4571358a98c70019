"""Which numbers of a layer of ncnn must be within which range: those that the engine divides by, or allocates by.

Source: https://github.com/Tencent/ncnn/wiki/operators
"""

from collections.abc import Mapping

_HIGHEST_EXTENT = 65_536
"""Largest kernel, stride or dilation. A padding may be as large, and negative for the engine's own rules."""

_HIGHEST_SIZE = 2**24
"""Largest size of an input that the text itself tells."""

_CONVOLUTIONS = frozenset(
    f"{kind}{dimensions}"
    for kind in ("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise")
    for dimensions in ("", "1D", "3D")
)
_POOLINGS = frozenset({"Pooling", "Pooling1D", "Pooling3D"})

_EXTENTS = {
    "convolution": (1, 2, 3, 11, 12, 13, 21, 22, 23),
    "pooling": (1, 2, 11, 12, 21, 22),
}
"""Keys of kernels, dilations and strides, in each direction."""

_COUNTS = {
    "InnerProduct": 2,
    "Embed": 3,
    "LSTM": 1,
    "GRU": 1,
    "RNN": 1,
    "MultiHeadAttention": 2,
}
"""Key of the number of weights, by type of layer; those of convolutions have 6."""

_OUTPUTS = 0
_WEIGHTS_OF_CONVOLUTION = 6
_GROUPS = 7
_DYNAMIC_WEIGHTS = (19, 28)
"""Keys that say that the weights are an input, of convolutions and of their transposes."""

_INPUT_SIZES = (0, 1, 2, 11)
_GLOBAL_POOLING = 4

Values = Mapping[int, float | tuple[float, ...]]


def check_layer(kind: str, values: Values, weight_bytes: int) -> None:
    """Check the numbers of a layer.

    Args:
        kind: Its type.
        values: Its numbers by key.
        weight_bytes: Size of the .bin.

    Raises:
        ValueError: If one is outside its range; the text says which.
    """
    if kind in _CONVOLUTIONS:
        _check_range(kind, values, _EXTENTS["convolution"], 1, _HIGHEST_EXTENT)
        if not any(values.get(key) for key in _DYNAMIC_WEIGHTS):
            _check_weights(kind, values, _WEIGHTS_OF_CONVOLUTION, weight_bytes)
        groups = _integer(kind, values, _GROUPS, 1)
        outputs = _integer(kind, values, _OUTPUTS, 0)
        if not 1 <= groups <= outputs or outputs % groups:
            raise ValueError(f"{kind} has {outputs} outputs in {groups} groups")
    elif kind in _POOLINGS and not _integer(kind, values, _GLOBAL_POOLING, 0):
        adaptive = _integer(kind, values, 7, 0)
        _check_range(kind, values, _EXTENTS["pooling"], 0 if adaptive else 1, _HIGHEST_EXTENT)
    elif kind == "Input":
        _check_range(kind, values, _INPUT_SIZES, 0, _HIGHEST_SIZE)
    elif kind in _COUNTS:
        _check_weights(kind, values, _COUNTS[kind], weight_bytes)


def _check_weights(kind: str, values: Values, key: int, weight_bytes: int) -> None:
    count, outputs = _integer(kind, values, key, 0), _integer(kind, values, _OUTPUTS, 0)
    # Of one byte at least.
    if not 1 <= count <= weight_bytes:
        raise ValueError(f"{kind} has {count} weights, its .bin {weight_bytes} bytes: the two do not belong together")
    if not 1 <= outputs <= weight_bytes or (key != 1 and count % outputs):
        raise ValueError(f"{kind} has {outputs} outputs and {count} weights")


def _check_range(kind: str, values: Values, keys: tuple[int, ...], lowest: int, highest: int) -> None:
    for key in keys:
        if key in values and not lowest <= _integer(kind, values, key, 0) <= highest:
            raise ValueError(f"{kind} has {values[key]} at key {key}, which must be {lowest} to {highest}")


def _integer(kind: str, values: Values, key: int, default: int) -> int:
    value = values.get(key, default)
    if not isinstance(value, int):
        raise ValueError(f"{kind} must have a whole number at key {key}")
    return value
