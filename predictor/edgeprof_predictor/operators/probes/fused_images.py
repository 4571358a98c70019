"""What networks for images repeat and runtimes join: each probe is a small network of one family's blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from edgeprof_predictor.operators.probes.blocks import (
    bottleneck,
    classifier,
    convnext,
    csp,
    inverted_residual,
    residual,
    squeeze_excite,
)
from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value
from edgeprof_predictor.operators.probes.layers import (
    DEPTHWISE,
    activate,
    add,
    batch_norm,
    binary,
    convolution,
    global_average_pool,
    layer_norm,
    multiply,
    pool,
    resize,
)
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import (
    concat,
    depth_to_space,
    shuffle_channels,
    split,
    take,
    transpose,
)

KIND = "fused image"


def recipes() -> Iterator[Recipe]:
    """Return the small networks."""
    yield Recipe(
        "mobile_relu6", KIND, (partial(_mobile, activation="relu6", kernel=3, squeeze=0, widths=(16, 24, 40, 96)),)
    )
    yield Recipe(
        "mobile_hard_swish",
        KIND,
        (partial(_mobile, activation="hard swish", kernel=5, squeeze=4, widths=(16, 24, 48, 80)),),
    )
    yield Recipe(
        "mobile_silu", KIND, (partial(_mobile, activation="silu", kernel=3, squeeze=16, widths=(12, 32, 56, 112)),)
    )
    yield Recipe("residual", KIND, (_residual,))
    yield Recipe("bottleneck", KIND, (_bottleneck,))
    yield Recipe("squeeze_excite", KIND, (_squeeze_excite,))
    yield Recipe("normalised_first", KIND, (_normalised_first,))
    yield Recipe("detector", KIND, (_detector,))
    yield Recipe("convnext_56", KIND, (partial(_convnext, size=56, widths=(40, 48)),))
    yield Recipe("convnext_28", KIND, (partial(_convnext, size=28, widths=(32, 64)),))
    yield Recipe("convnext_12", KIND, (partial(_convnext, size=12, widths=(80, 128)),))
    yield Recipe("ghost", KIND, (_ghost, _shuffled))
    yield Recipe("tiny_operators", KIND, (_tiny_operators,))
    yield Recipe("branching", KIND, (_branching,))
    yield Recipe("gated", KIND, (_gated,))
    yield Recipe("pooled", KIND, (_pooled,))
    yield Recipe("enlarged", KIND, (_enlarged,))
    yield Recipe("segmentation", KIND, (_segmentation,))


def _mobile(graph: GraphBuilder, *, activation: str, kernel: int, squeeze: int, widths: Sequence[int]) -> None:
    value = convolution(graph, graph.input(1, 3, 96, 96), widths[0], 3, 2, activation=activation)
    value = inverted_residual(graph, value, widths[0], expansion=1, activation=activation)
    for index, width in enumerate(widths[1:]):
        hidden = value.shape[1] * 6 // squeeze if squeeze else 0
        value = inverted_residual(
            graph, value, width, expansion=6, kernel=kernel, stride=2, activation=activation, squeeze=hidden
        )
        again = width * 3 // squeeze if squeeze else 0
        value = inverted_residual(
            graph,
            value,
            width,
            expansion=3,
            kernel=8 - kernel if index else kernel,
            activation=activation,
            squeeze=again,
        )
    value = convolution(graph, value, 384, 1, activation=activation)
    graph.output(classifier(graph, value, 100))


def _residual(graph: GraphBuilder) -> None:
    value = convolution(graph, graph.input(1, 3, 112, 112), 32, 7, 2, activation="relu")
    value = pool(graph, "MaxPool", value, 3, 2, 1)
    for channels, stride in ((32, 1), (32, 1), (64, 2), (64, 1), (128, 2), (192, 2)):
        value = residual(graph, value, channels, stride)
    graph.output(classifier(graph, value, 200))


def _bottleneck(graph: GraphBuilder) -> None:
    value = graph.input(1, 32, 28, 28)
    for channels, stride, groups in ((128, 1, 1), (128, 1, 1), (256, 2, 1), (256, 1, 8), (512, 2, 1), (512, 1, 32)):
        value = bottleneck(graph, value, channels, stride, groups)
    graph.output(classifier(graph, value, 10))


def _squeeze_excite(graph: GraphBuilder) -> None:
    for channels, size, hidden, gate in (
        (32, 56, 8, "sigmoid"),
        (72, 28, 24, "hard sigmoid"),
        (128, 28, 8, "sigmoid"),
        (240, 14, 64, "hard sigmoid"),
        (480, 14, 20, "sigmoid"),
        (576, 7, 144, "hard sigmoid"),
        (672, 7, 28, "sigmoid"),
    ):
        value = convolution(
            graph, graph.input(1, channels, size, size), channels, 3, groups=DEPTHWISE, activation="silu"
        )
        graph.output(convolution(graph, squeeze_excite(graph, value, hidden, gate), 16, 1))


def _normalised_first(graph: GraphBuilder, *, growth: int = 16) -> None:
    """Build convolutions of what was normalised and activated, whose every result is joined to the inputs."""
    value = graph.input(1, 32, 28, 28)
    for _ in range(2):
        for _ in range(3):
            inner = activate(graph, batch_norm(graph, value), "relu")
            inner = convolution(graph, inner, 4 * growth, 1, activation="relu")
            value = concat(graph, (value, convolution(graph, inner, growth, 3, has_bias=False)))
        # Not normalised first: OpenVINO 2026.4 crashes on a join in int8 that nothing but a normalisation reads.
        value = pool(graph, "AveragePool", convolution(graph, value, value.shape[1] // 2, 1), 2, 2)
    graph.output(classifier(graph, activate(graph, batch_norm(graph, value), "relu"), 10))


def _detector(graph: GraphBuilder) -> None:
    value = convolution(graph, graph.input(1, 3, 128, 128), 16, 3, 2, activation="silu")
    value = csp(graph, convolution(graph, value, 24, 3, 2, activation="silu"), 24)
    middle = csp(graph, convolution(graph, value, 48, 3, 2, activation="silu"), 48, 2)
    deep = csp(graph, convolution(graph, middle, 96, 3, 2, activation="silu"), 96)
    pools = [convolution(graph, deep, 48, 1, activation="silu")]
    for _ in range(3):
        pools.append(pool(graph, "MaxPool", pools[-1], 5, 1, 2))
    deep = convolution(graph, concat(graph, pools), 96, 1, activation="silu")
    joined = csp(graph, concat(graph, (resize(graph, deep, 2, "nearest"), middle)), 48)
    for value in (joined, deep):
        graph.output(convolution(graph, convolution(graph, value, 48, 3, activation="silu"), 64, 1))


def _convnext(graph: GraphBuilder, *, size: int, widths: Sequence[int]) -> None:
    value = graph.input(1, widths[0], size, size)
    value = convnext(graph, convnext(graph, value), 5)
    normal = transpose(graph, layer_norm(graph, transpose(graph, value, 0, 2, 3, 1)), 0, 3, 1, 2)
    value = convnext(graph, convolution(graph, normal, widths[1], 2, 2))
    graph.output(classifier(graph, convnext(graph, value, 3), 10))


def _ghost(graph: GraphBuilder) -> None:
    value = graph.input(1, 16, 28, 28)
    for channels, stride in ((24, 2), (40, 1), (80, 2), (112, 1)):
        inner = _half_cheap(graph, value, 3 * value.shape[1], "relu")
        if stride == 2:
            inner = convolution(graph, inner, inner.shape[1], 3, 2, groups=DEPTHWISE)
        found = _half_cheap(graph, squeeze_excite(graph, inner, inner.shape[1] // 4, "hard sigmoid"), channels, "none")
        short = convolution(graph, value, value.shape[1], 3, stride, groups=DEPTHWISE)
        value = add(graph, found, convolution(graph, short, channels, 1))
    graph.output(value)


def _half_cheap(graph: GraphBuilder, value: Value, channels: int, activation: str) -> Value:
    """Compute half of the channels by a depthwise convolution of the other half."""
    half = convolution(graph, value, channels // 2, 1, activation=activation)
    cheap = convolution(graph, half, channels // 2, 3, groups=DEPTHWISE, activation=activation)
    return concat(graph, (half, cheap))


def _tiny_operators(graph: GraphBuilder) -> None:
    """Build a network of very many operators of a few microseconds each."""
    value = convolution(graph, graph.input(1, 3, 32, 32), 8, 3, 2, activation="relu")
    for channels, stride in ((8, 1), (12, 1), (16, 2), (16, 1), (20, 1), (24, 2), (24, 1), (32, 1)):
        inner = convolution(graph, value, channels, 1)
        inner = activate(graph, add(graph, convolution(graph, inner, channels, 3, groups=DEPTHWISE), inner), "relu")
        inner = convolution(graph, inner, 2 * channels, 3, stride, groups=2)
        inner = squeeze_excite(graph, inner, max(4, channels // 4), "hard sigmoid")
        found = convolution(graph, inner, channels, 1)
        value = add(graph, value, found) if value.shape == found.shape else activate(graph, found, "relu")
    graph.output(classifier(graph, value, 10))


def _shuffled(graph: GraphBuilder) -> None:
    value = graph.input(1, 48, 28, 28)
    for channels, stride in ((48, 1), (48, 1), (96, 2), (96, 1), (192, 2), (192, 1)):
        half = channels // 2
        if stride == 1:
            left, right = split(graph, value, (half, half))
        else:
            left = right = value
            left = convolution(graph, left, left.shape[1], 3, 2, groups=DEPTHWISE)
            left = convolution(graph, left, half, 1, activation="relu")
        right = convolution(graph, right, half, 1, activation="relu")
        right = convolution(graph, right, half, 3, stride, groups=DEPTHWISE)
        right = convolution(graph, right, half, 1, activation="relu")
        value = shuffle_channels(graph, concat(graph, (left, right)), 2)
    graph.output(value)


def _branching(graph: GraphBuilder) -> None:
    """Build kernels of several sizes side by side, and a narrow layer that two wide ones read."""
    value = graph.input(1, 64, 28, 28)
    for width in (16, 24):
        parts = [convolution(graph, value, 2 * width, 1, activation="relu")]
        for kernel, channels in ((3, 2 * width), (5, width)):
            narrow = convolution(graph, value, width, 1, activation="relu")
            parts.append(convolution(graph, narrow, channels, kernel, activation="relu"))
        pooled = pool(graph, "MaxPool", value, 3, 1, 1)
        parts.append(convolution(graph, pooled, width, 1, activation="relu"))
        value = pool(graph, "MaxPool", concat(graph, parts), 3, 2, 1)
    for width in (16, 32):
        narrow = convolution(graph, value, width, 1, activation="relu")
        wide = [convolution(graph, narrow, 4 * width, kernel, activation="relu") for kernel in (1, 3)]
        value = concat(graph, wide)
    graph.output(convolution(graph, value, 10, 1))


def _gated(graph: GraphBuilder) -> None:
    """Build products of two 1x1 convolutions between large depthwise ones."""
    for channels, size in ((24, 28), (64, 14), (96, 7)):
        value = graph.input(1, channels, size, size)
        for _ in range(2):
            inner = convolution(graph, value, channels, 7, groups=DEPTHWISE)
            left = convolution(graph, inner, 3 * channels, 1, activation="relu6")
            inner = multiply(graph, left, convolution(graph, inner, 3 * channels, 1))
            inner = convolution(graph, convolution(graph, inner, channels, 1), channels, 7, groups=DEPTHWISE)
            value = add(graph, value, inner)
        graph.output(global_average_pool(graph, value))


def _pooled(graph: GraphBuilder) -> None:
    """Build residual blocks that mix positions by pooling alone."""
    for channels, size in ((32, 28), (96, 14)):
        value = graph.input(1, channels, size, size)
        for _ in range(2):
            mixed = binary(graph, "Sub", pool(graph, "AveragePool", value, 3, 1, 1), value)
            value = add(graph, value, multiply(graph, mixed, graph.uniform((channels, 1, 1), 0.1, 0.5)))
            inner = convolution(graph, batch_norm(graph, value), 4 * channels, 1, activation="gelu")
            inner = multiply(graph, convolution(graph, inner, channels, 1), graph.uniform((channels, 1, 1), 0.1, 0.5))
            value = add(graph, value, inner)
        graph.output(global_average_pool(graph, value))


def _enlarged(graph: GraphBuilder) -> None:
    for factor, width in ((2, 24), (3, 16)):
        image = graph.input(1, 1, 48, 48)
        value = convolution(graph, image, width, 5, activation="tanh")
        inner = convolution(graph, convolution(graph, value, width, 3, activation="prelu"), width, 3)
        value = convolution(graph, add(graph, value, inner), factor**2, 3)
        graph.output(add(graph, depth_to_space(graph, value, factor), resize(graph, image, factor, "linear")))


def _segmentation(graph: GraphBuilder) -> None:
    """Build a head of dilated convolutions and a global branch, and one that gates by the means of an image."""
    value = graph.input(1, 96, 16, 16)
    parts = [convolution(graph, value, 32, 1, activation="relu")]
    parts += [convolution(graph, value, 32, 3, dilation=dilation, activation="relu") for dilation in (3, 6)]
    whole = convolution(graph, global_average_pool(graph, value), 32, 1, activation="relu")
    parts.append(resize(graph, whole, 16, "linear"))
    joined = convolution(graph, concat(graph, parts), 48, 1, activation="relu")
    graph.output(resize(graph, convolution(graph, joined, 6, 1), 8, "linear"))
    gate = convolution(graph, global_average_pool(graph, value), 48, 1, activation="sigmoid")
    gated = multiply(graph, convolution(graph, value, 48, 1, activation="relu"), gate)
    low = graph.input(1, 24, 32, 32)
    head = add(graph, convolution(graph, resize(graph, gated, 2, "linear"), 6, 1), convolution(graph, low, 6, 1))
    graph.output(take(graph, head, 1, 0, 5))
