"""Reads the layers of an ncnn `.param` file, and from them whether the weights are quantised.

The file is text: a number, the counts of layers and blobs, then a line for each layer: type, name, how many blobs it
reads and writes, their names, and parameters as `key=value`.
"""

import dataclasses
from pathlib import Path

MAX_PARAM_BYTES = 16 * 1024 * 1024

_INT8_KEYS = {"Convolution": "8", "ConvolutionDepthWise": "8", "InnerProduct": "8", "Gemm": "18", "Embed": "18"}
"""Parameter that says how weights of a layer are quantised, 0 for not at all."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """A line of the file.

    Args:
        type: The layer's type.
        name: Its name.
        inputs: Names of the blobs that it reads.
        outputs: Names of the blobs that it writes.
        parameters: Its parameters by key, as text.
    """

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[str, str]

    def integer(self, key: str, default: int = 0) -> int:
        """Return a parameter that is a whole number; the default where it is absent, or is an expression.

        Args:
            key: Its key.
            default: Its value where it is absent.
        """
        text = self.parameters.get(key, "")
        return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else default


def read_layers(path: Path) -> list[Layer]:
    """Read the layers of a file.

    Args:
        path: The `.param` file.

    Raises:
        ValueError: If it is none.
        OSError: If it cannot be read.
    """
    with path.open(encoding="utf-8") as file:
        lines = file.read(MAX_PARAM_BYTES + 1).splitlines()
    if sum(map(len, lines)) > MAX_PARAM_BYTES:
        raise ValueError(f"it has more than {MAX_PARAM_BYTES} bytes")
    return [_read_layer(line.split()) for line in lines[2:] if line.strip()]


def _read_layer(words: list[str]) -> Layer:
    if len(words) < 4:
        raise ValueError(f"the line {' '.join(words)[:80]!r} is no layer")
    input_count, output_count = int(words[2]), int(words[3])
    inputs, outputs = words[4 : 4 + input_count], words[4 + input_count : 4 + input_count + output_count]
    if len(outputs) != output_count or input_count < 0:
        raise ValueError(f"the line {' '.join(words)[:80]!r} names fewer blobs than it counts")
    pairs = (word.partition("=") for word in words[4 + input_count + output_count :])
    return Layer(words[0], words[1], tuple(inputs), tuple(outputs), {key: value for key, _, value in pairs})


def has_integer_weights(layers: list[Layer]) -> bool:
    """Tell whether most of the convolutions and matrix products of a model have weights in 8-bit integers.

    Args:
        layers: The layers of the file.
    """
    working = [is_quantised(layer) for layer in layers if layer.type in _INT8_KEYS]
    return bool(working) and 2 * sum(working) >= len(working)


def is_quantised(layer: Layer) -> bool:
    """Tell whether the weights of a layer are 8-bit integers.

    Args:
        layer: The layer.
    """
    return layer.type in _INT8_KEYS and layer.parameters.get(_INT8_KEYS[layer.type], "0") != "0"
