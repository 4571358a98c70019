"""Attention in the forms that networks have: of images, texts and speech, in windows, linear, and over channels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgeprof_predictor.operators.probes.blocks import inverted_residual
from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value
from edgeprof_predictor.operators.probes.layers import (
    activate,
    add,
    binary,
    convolution,
    dense,
    layer_norm,
    matmul,
    multiply,
    reduce,
    rms_norm,
    softmax,
)
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import (
    concat,
    expand,
    gather,
    reshape,
    split,
    squeeze,
    to_image,
    to_tokens,
    transpose,
)

KIND = "attention"


def recipes() -> Iterator[Recipe]:
    """Return one or two layers of each form."""
    small_text = partial(_text, length=16, width=96, heads=3, depth=2)
    yield Recipe("image_197", KIND, (partial(_image, length=197, width=192, heads=3),))
    yield Recipe("image_50", KIND, (partial(_image, length=50, width=256, heads=4),))
    yield Recipe("text_64", KIND, (partial(_text, length=64, width=256, heads=4),))
    yield Recipe("text_128", KIND, (partial(_text, length=128, width=128, heads=2), small_text))
    yield Recipe("decoder", KIND, (_decoder, _relative))
    yield Recipe("windows", KIND, (_windows,))
    yield Recipe("channels", KIND, (_channels,))
    yield Recipe("linear", KIND, (_linear, _patches))


def perceptron(graph: GraphBuilder, value: Value, ratio: int = 4, activation: str = "gelu") -> Value:
    """Widen, activate, narrow."""
    width = value.shape[-1]
    return dense(graph, dense(graph, value, ratio * width, activation=activation), width)


def joint_heads(graph: GraphBuilder, value: Value, heads: int) -> tuple[Value, ...]:
    """Compute queries, keys and values by one product, as vision transformers do: `b x heads x length x width`."""
    batch, length, width = value.shape
    joint = reshape(graph, dense(graph, value, 3 * width), batch, length, 3, heads, width // heads)
    parts = split(graph, transpose(graph, joint, 2, 0, 3, 1, 4), (1, 1, 1), 0)
    return tuple(squeeze(graph, part, 0) for part in parts)


def own_heads(graph: GraphBuilder, value: Value, heads: int, order: tuple[int, ...] = (0, 2, 1, 3)) -> Value:
    """Compute queries, keys or values by a product of their own, as text encoders do."""
    batch, length, width = value.shape
    return transpose(graph, reshape(graph, dense(graph, value, width), batch, length, heads, width // heads), *order)


def merged(graph: GraphBuilder, value: Value) -> Value:
    """Join the heads again and project."""
    batch, heads, length, width = value.shape
    return dense(
        graph, reshape(graph, transpose(graph, value, 0, 2, 1, 3), batch, length, heads * width), heads * width
    )


def _image(graph: GraphBuilder, *, length: int, width: int, heads: int) -> None:
    value = add(graph, graph.input(1, length, width), graph.bias(1, length, width))
    query, key, values = joint_heads(graph, layer_norm(graph, value), heads)
    scaled = multiply(graph, query, graph.scalar((width // heads) ** -0.5))
    scores = softmax(graph, matmul(graph, scaled, transpose(graph, key, 0, 1, 3, 2)))
    value = add(graph, value, merged(graph, matmul(graph, scores, values)))
    value = layer_norm(graph, add(graph, value, perceptron(graph, layer_norm(graph, value))))
    graph.output(dense(graph, gather(graph, value, graph.integers(0), 1), 100))


def _text(graph: GraphBuilder, *, length: int, width: int, heads: int, depth: int = 1) -> None:
    words = gather(graph, graph.weight(500, width, fan_in=1), graph.indices(1, length, row_count=500), 0)
    value = layer_norm(graph, add(graph, words, graph.bias(1, length, width)))
    hidden = graph.floats(np.where(np.arange(length) < length - 3, 0.0, -1e4).reshape(1, 1, 1, length))
    for _ in range(depth):
        query, key = own_heads(graph, value, heads), own_heads(graph, value, heads, (0, 2, 3, 1))
        scores = binary(graph, "Div", matmul(graph, query, key), graph.scalar((width // heads) ** 0.5))
        shares = softmax(graph, add(graph, scores, hidden))
        found = merged(graph, matmul(graph, shares, own_heads(graph, value, heads)))
        value = layer_norm(graph, add(graph, found, value))
        value = layer_norm(graph, add(graph, perceptron(graph, value), value))
    graph.output(value)


def _decoder(graph: GraphBuilder, *, length: int = 32, width: int = 192, heads: int = 3) -> None:
    """Build a layer that looks back alone, then one that looks at another sequence."""
    value = graph.input(1, length, width)
    look_back = graph.floats(np.triu(np.full((length, length), -1e4), 1).reshape(1, 1, length, length))
    normal = layer_norm(graph, value)
    query, key, values = (
        transpose(graph, reshape(graph, part, 1, length, heads, width // heads), 0, 2, 1, 3)
        for part in split(graph, dense(graph, normal, 3 * width), (width, width, width), 2)
    )
    scores = binary(graph, "Div", matmul(graph, query, transpose(graph, key, 0, 1, 3, 2)), graph.scalar(8.0))
    found = matmul(graph, softmax(graph, add(graph, scores, look_back)), values)
    value = add(graph, value, merged(graph, found))
    value = add(graph, value, perceptron(graph, layer_norm(graph, value), 2, "tanh gelu"))
    other = graph.input(1, 100, width)
    key, values = own_heads(graph, other, heads, (0, 2, 3, 1)), own_heads(graph, other, heads)
    query = multiply(graph, own_heads(graph, layer_norm(graph, value), heads), graph.scalar(0.125))
    value = add(graph, value, merged(graph, matmul(graph, softmax(graph, matmul(graph, query, key)), values)))
    graph.output(dense(graph, layer_norm(graph, value), 4000, has_bias=False))


def _relative(graph: GraphBuilder, *, length: int = 48, width: int = 160, heads: int = 5) -> None:
    """Build a layer with biases by distance, normalised by the root mean square, with a gated perceptron."""
    value = graph.input(1, length, width)
    normal = rms_norm(graph, value)
    query, key, values = (
        transpose(
            graph, reshape(graph, dense(graph, normal, width, has_bias=False), 1, length, heads, width // heads), *order
        )
        for order in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3))
    )
    scores = add(graph, matmul(graph, query, key), graph.bias(1, heads, length, length))
    value = add(graph, value, merged(graph, matmul(graph, softmax(graph, scores), values)))
    normal = rms_norm(graph, value)
    gate = activate(graph, dense(graph, normal, 2 * width, has_bias=False), "tanh gelu")
    wide = multiply(graph, gate, dense(graph, normal, 2 * width, has_bias=False))
    graph.output(rms_norm(graph, add(graph, value, dense(graph, wide, width, has_bias=False))))


def _windows(graph: GraphBuilder, *, size: int = 28, width: int = 64, heads: int = 2, window: int = 7) -> None:
    count = size // window
    value = graph.input(1, size * size, width)
    grid = reshape(graph, layer_norm(graph, value), 1, count, window, count, window, width)
    parted = reshape(graph, transpose(graph, grid, 0, 1, 3, 2, 4, 5), count**2, window**2, width)
    query, key, values = joint_heads(graph, parted, heads)
    scaled = multiply(graph, query, graph.scalar((width // heads) ** -0.5))
    scores = matmul(graph, scaled, transpose(graph, key, 0, 1, 3, 2))
    scores = softmax(graph, add(graph, scores, graph.bias(1, heads, window**2, window**2)))
    found = merged(graph, matmul(graph, scores, values))
    grid = reshape(graph, found, 1, count, count, window, window, width)
    found = reshape(graph, transpose(graph, grid, 0, 1, 3, 2, 4, 5), 1, size * size, width)
    value = add(graph, value, found)
    graph.output(add(graph, value, perceptron(graph, layer_norm(graph, value), 2)))


def _channels(graph: GraphBuilder, *, length: int = 196, width: int = 128, heads: int = 4) -> None:
    """Build attention between channels, whose queries and keys are scaled to length 1."""
    value = graph.input(1, length, width)
    query, key, values = (
        transpose(graph, part, 0, 1, 3, 2) for part in joint_heads(graph, layer_norm(graph, value), heads)
    )
    query, key = (_unit_length(graph, part) for part in (query, key))
    scores = matmul(graph, query, transpose(graph, key, 0, 1, 3, 2))
    shares = softmax(graph, multiply(graph, scores, graph.uniform((heads, 1, 1), 0.2, 1.0)))
    found = reshape(graph, transpose(graph, matmul(graph, shares, values), 0, 3, 1, 2), 1, length, width)
    value = add(graph, value, multiply(graph, dense(graph, found, width), graph.uniform((width,), 0.1, 0.5)))
    image = to_image(graph, layer_norm(graph, value), 14, 14)
    image = convolution(graph, image, width, 3, groups=0, activation="gelu")
    graph.output(add(graph, value, to_tokens(graph, convolution(graph, image, width, 3, groups=0))))


def _unit_length(graph: GraphBuilder, value: Value) -> Value:
    length = graph.node("Clip", (reduce(graph, "ReduceL2", value, -1), graph.scalar(1e-12)), (*value.shape[:-1], 1))
    return binary(graph, "Div", value, expand(graph, length, *value.shape))


def _linear(graph: GraphBuilder, *, width: int = 64) -> None:
    """Build attention whose cost grows with the length alone, over patches of an image, by 1x1 convolutions."""
    value = graph.input(1, width, 4, 196)
    for _ in range(2):
        joint = convolution(graph, value, 1 + 2 * width, 1)
        query, key, values = split(graph, joint, (1, width, width))
        context = reduce(graph, "ReduceSum", multiply(graph, key, softmax(graph, query)), -1)
        found = multiply(graph, activate(graph, values, "relu"), expand(graph, context, *values.shape))
        value = add(graph, value, convolution(graph, found, width, 1))
        inner = convolution(graph, value, 2 * width, 1, activation="silu")
        value = add(graph, value, convolution(graph, inner, width, 1))
    graph.output(value)


def _patches(graph: GraphBuilder, *, width: int = 64, size: int = 16) -> None:
    """Build a mobile network whose patches are unfolded into sequences for a layer of attention."""
    value = inverted_residual(graph, graph.input(1, 24, 2 * size, 2 * size), 48, stride=2, activation="silu")
    local = convolution(graph, convolution(graph, value, 48, 3, activation="silu"), width, 1, has_bias=False)
    half = size // 2
    unfolded = transpose(graph, reshape(graph, local, width * half, 2, half, 2), 0, 2, 1, 3)
    unfolded = transpose(graph, reshape(graph, unfolded, 1, width, half**2, 4), 0, 3, 2, 1)
    tokens = reshape(graph, unfolded, 4, half**2, width)
    query, key, values = joint_heads(graph, layer_norm(graph, tokens), 4)
    scaled = multiply(graph, query, graph.scalar((width // 4) ** -0.5))
    scores = softmax(graph, matmul(graph, scaled, transpose(graph, key, 0, 1, 3, 2)))
    tokens = add(graph, tokens, merged(graph, matmul(graph, scores, values)))
    tokens = add(graph, tokens, perceptron(graph, layer_norm(graph, tokens), 2, "silu"))
    folded = transpose(graph, reshape(graph, tokens, 1, 4, half**2, width), 0, 3, 2, 1)
    folded = transpose(graph, reshape(graph, folded, width * half, half, 2, 2), 0, 2, 1, 3)
    found = convolution(graph, reshape(graph, folded, 1, width, size, size), 48, 1, activation="silu")
    graph.output(convolution(graph, concat(graph, (value, found)), 48, 3, activation="silu"))
