"""ncnn: layers in a text file (.param), weights in another (.bin).

The engine trusts the numbers of the text: changed ones crash or hang it. So every line is read strictly: counts, names
of layers and blobs, keys, and the ranges of the numbers.
Source: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

import dataclasses
import math
import re

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent, ModelFormat
from edgeprof_agent.models.formats.ncnn_expressions import EXPRESSION_KEYS, check_expression
from edgeprof_agent.models.formats.ncnn_layers import check_layer
from edgeprof_agent.models.input_memory import check_input_memory
from edgeprof_proto.shared.model_formats import NCNN

MAX_PARAM_BYTES = 16 * 1024 * 1024
"""Size of the text at most. That of a network with 10,000 layers has 1 MB."""

_MAGIC = "7767517"
_LAYER_LIMIT = 100_000
_BLOB_LIMIT_PER_LAYER = 10_000
_KEY_COUNT = 32
_ARRAY_KEY = -23_300
_ARRAY_LIMIT = 100_000
_HIGHEST_INTEGER = 2**31 - 1
_HIGHEST_FLOAT = 3.4e38

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAME = re.compile(r"[^\s=]{1,255}")
_COUNT = re.compile(r"[0-9]{1,6}")
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_FLOAT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")


@dataclasses.dataclass(slots=True)
class _Layer:
    kind: str
    bottoms: list[str]
    tops: list[str]
    values: dict[int, float | tuple[float, ...]]
    expressions: dict[int, str]


class NcnnFormat(ModelFormat):
    """The format "ncnn"."""

    name = NCNN

    def check(self, model: ModelContent, *, memory_bytes: int, batch_size: int) -> None:
        """Refuse a text that is not written as the engine's own tools write it, or inputs beyond the memory."""
        if len(model.other_sizes) != 1:
            raise ModelRefusedError(
                f"an ncnn model is a .param and a .bin, got {len(model.other_sizes) + 1} files; upload both"
            )
        names = check_param(model.main, next(iter(model.other_sizes.values())))
        told = {value.name: value for value in model.inputs}
        if unknown := sorted(told.keys() - set(names)):
            raise ModelRefusedError(f"the manifest tells of an input {unknown[0][:80]!r} that the model does not have")
        check_input_memory(told.values(), memory_bytes=memory_bytes, batch_size=batch_size)


def check_param(content: memoryview, weight_bytes: int) -> tuple[str, ...]:
    """Check the text of a model.

    Args:
        content: The whole .param.
        weight_bytes: Size of the .bin.

    Returns:
        The names of the inputs.

    Raises:
        ModelRefusedError: If the text is not strictly that of a model, or its weights do not fit into the .bin.
    """
    if len(content) > MAX_PARAM_BYTES:
        raise ModelRefusedError(f"the model's .param has {len(content)} bytes, at most {MAX_PARAM_BYTES} are read")
    try:
        lines = bytes(content).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise _refused("it is no text in UTF-8") from None
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 3 or lines[0].strip() != _MAGIC:
        raise _refused(f"it does not begin with {_MAGIC}, or has no layers")
    counts = lines[1].split()
    if len(counts) != 2 or not all(_COUNT.fullmatch(count) for count in counts):
        raise _refused(f"line 2 does not hold the numbers of layers and blobs: {lines[1][:80]!r}")
    layer_count, blob_count = map(int, counts)
    if layer_count != len(lines) - 2 or layer_count > _LAYER_LIMIT:
        raise _refused(f"line 2 tells of {layer_count} layers, {len(lines) - 2} follow")
    return _check_layers(lines[2:], blob_count, weight_bytes)


def _check_layers(lines: list[str], blob_count: int, weight_bytes: int) -> tuple[str, ...]:
    blobs: set[str] = set()
    used: set[str] = set()
    inputs: list[str] = []
    for number, line in enumerate(lines, start=3):
        try:
            layer = _parse_layer(line, number)
            for name in layer.bottoms:
                # A blob goes to one layer: for more there is the layer Split.
                if name not in blobs or name in used:
                    raise ValueError(f"the blob {name[:40]!r} is not there yet, or was used before")
                used.add(name)
            for name in layer.tops:
                if name in blobs:
                    raise ValueError(f"the blob {name[:40]!r} is there twice")
                blobs.add(name)
            check_layer(layer.kind, layer.values, weight_bytes)
            _check_expressions(layer)
        except ValueError as error:
            raise _refused(f"line {number}: {error}") from error
        if layer.kind == "Input":
            inputs += layer.tops
    if len(blobs) != blob_count:
        raise _refused(f"line 2 tells of {blob_count} blobs, there are {len(blobs)}")
    if not inputs:
        raise _refused("it has no layer Input")
    return tuple(inputs)


def _check_expressions(layer: _Layer) -> None:
    for key, text in layer.expressions.items():
        if key not in EXPRESSION_KEYS.get(layer.kind, ()):
            raise ValueError(f"{layer.kind} has the text {text[:40]!r} at key {key}, where a number must be")
        check_expression(text, len(layer.bottoms))


def _parse_layer(line: str, number: int) -> _Layer:
    words = line.split()
    if len(words) < 4 or not (_COUNT.fullmatch(words[2]) and _COUNT.fullmatch(words[3])):
        raise ValueError("it must hold the type and name of a layer and the numbers of its inputs and outputs")
    kind, name, bottom_count, top_count = words[0], words[1], int(words[2]), int(words[3])
    if _TYPE.fullmatch(kind) is None:
        raise _refused(
            f"line {number}: the engine has no layer of type {kind[:40]!r}, an operation that was not converted",
            "replace it in the network, then convert that again",
        )
    if max(bottom_count, top_count) > _BLOB_LIMIT_PER_LAYER or len(words) < 4 + bottom_count + top_count:
        raise ValueError(f"it tells of {bottom_count} inputs and {top_count} outputs, which do not follow")
    blobs = words[4 : 4 + bottom_count + top_count]
    if not all(_NAME.fullmatch(item) for item in (name, *blobs)):
        raise ValueError("a name of the layer or of a blob has an equals sign or more than 255 characters")
    values: dict[int, float | tuple[float, ...]] = {}
    expressions: dict[int, str] = {}
    for word in words[4 + bottom_count + top_count :]:
        key, value = _parse_value(word)
        if key in values or key in expressions:
            raise ValueError(f"key {key} is there twice")
        if isinstance(value, str):
            expressions[key] = value
        else:
            values[key] = value
    return _Layer(kind, blobs[:bottom_count], blobs[bottom_count:], values, expressions)


def _parse_value(word: str) -> tuple[int, float | tuple[float, ...] | str]:
    key_text, _, text = word.partition("=")
    if _INTEGER.fullmatch(key_text) is None or not text:
        raise ValueError(f"{word[:40]!r} is no key with a number")
    key = int(key_text)
    if 0 <= key < _KEY_COUNT:
        is_text = len(text) > 2 and text[0] == text[-1] == '"'
        return key, text[1:-1] if is_text else _number(text)
    array_key = _ARRAY_KEY - key
    if not 0 <= array_key < _KEY_COUNT:
        raise ValueError(f"key {key} is not one of 0 to {_KEY_COUNT - 1}, nor of an array")
    count, *items = text.split(",")
    if _COUNT.fullmatch(count) is None or int(count) != len(items) or len(items) > _ARRAY_LIMIT:
        raise ValueError(f"the array {word[:40]!r} does not hold as many numbers as it tells")
    return array_key, tuple(map(_number, items))


def _number(text: str) -> float:
    if _INTEGER.fullmatch(text):
        integer = int(text)
        if abs(integer) <= _HIGHEST_INTEGER:
            return integer
    elif _FLOAT.fullmatch(text):
        value = float(text)
        if math.isfinite(value) and abs(value) <= _HIGHEST_FLOAT:
            return value
    raise ValueError(f"{text[:40]!r} is no number within the range of a layer")


def _refused(what: str, remedy: str = "convert the network again") -> ModelRefusedError:
    return ModelRefusedError(f"the model's .param cannot be run: {what}; {remedy}")
