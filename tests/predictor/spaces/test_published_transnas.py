"""Our costs and networks against the parameters and FLOPs published for TransNAS-Bench-101."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from published_data import DATA_FOLDER, needs_published_tables
from torch import Tensor, nn

from edgeprof_predictor.spaces import Architecture, FloatArray
from edgeprof_predictor.spaces.cells import EDGES
from edgeprof_predictor.spaces.transnas.geometry import (
    MICRO_MODULES,
    OPERATIONS,
    TASKS,
    Shape,
    Task,
    shapes,
)
from edgeprof_predictor.spaces.transnas.macro import TransNASMacro
from edgeprof_predictor.spaces.transnas.micro import TransNASMicro
from edgeprof_predictor.spaces.transnas.network import ResidualBlock, head, operation, stem
from edgeprof_predictor.spaces.transnas.space import TransNAS

pytestmark = needs_published_tables

Counts = tuple[int, int]
"""Multiply-accumulates, and FLOPs as the published counter saw them."""


def load(space: str, task: str) -> tuple[list[str], FloatArray, FloatArray]:
    """Texts, FLOPs and parameters of a published table."""
    prefix = f"{space}/{task}/"
    with np.load(DATA_FOLDER / "accuracy_and_zcp.npz", allow_pickle=False) as archive:
        columns, score = archive[prefix + "proxy"].tolist(), archive[prefix + "score"]
        texts: list[str] = archive[prefix + "arch"].tolist()
    flops, params = np.round(1e6 * score[:, [columns.index("flops"), columns.index("params")]]).T
    return texts, flops, params


def count(make: Callable[[], nn.Module], batch: int, shape: Shape) -> Counts:
    """Make a module, run it without numbers, and count as published.

    The published counter knows no transposed convolution and no hyperbolic tangent, and takes the window of
    a global pool for one row and one column larger than it is.
    """
    macs, seen = 0, 0

    def look(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs, seen
        if isinstance(module, nn.Conv2d):
            macs += output.numel() * module.weight[0].numel()
            seen += output.numel() * (module.weight[0].numel() + (module.bias is not None))
        elif isinstance(module, nn.ConvTranspose2d):
            macs += inputs[0].numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            macs += module.weight.numel()
            seen += module.weight.numel()
        elif isinstance(module, nn.BatchNorm2d):
            seen += 2 * output.numel()
        elif isinstance(module, nn.ReLU | nn.LeakyReLU):
            seen += output.numel()
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            seen += output.numel() * (inputs[0].shape[-1] + 1) ** 2

    with torch.device("meta"):
        module = make().to("meta").eval()
        for part in module.modules():
            part.register_forward_hook(look)
        module(torch.zeros(batch, shape.channels, shape.side, shape.side))
    return macs, seen


@cache
def count_block(before: Shape, after: Shape) -> Counts:
    return count(lambda: ResidualBlock(before, after), 1, before)


@cache
def count_edge(name: str, before: Shape, after: Shape) -> Counts:
    return count(lambda: operation(name, before, after), 1, before)


@cache
def count_stem(side: int) -> Counts:
    return count(lambda: stem(Task(side=side)), 1, Shape(channels=3, side=side))


@cache
def count_head(task: Task, features: Shape) -> Counts:
    return count(lambda: head(task, features), task.tile_count, features)


def count_encoder(space: TransNAS, architecture: Architecture, around: list[Shape]) -> Counts:
    """Count all modules for one image or tile, edges that carry nothing included."""
    found = [count_stem(space.task.side)]
    for before, after in [pair for outer, inner in pairwise(around) for pair in ((outer, inner), (inner, inner))]:
        if isinstance(space, TransNASMacro):
            found.append(count_block(before, after))
            continue
        for choice, (start, _) in zip(architecture.choices, EDGES, strict=True):
            found.append(count_edge(OPERATIONS[choice], before if start == 0 else after, after))
    macs, seen = np.sum(found, axis=0).tolist()
    return macs, seen


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("space_class", [TransNASMacro, TransNASMicro])
def test_every_published_network_has_the_published_parameters_and_flops(
    space_class: type[TransNASMacro | TransNASMicro], task: str
) -> None:
    space = space_class(task)
    texts, published_flops, published_params = load(space.name.removeprefix("transnas_"), task)
    architectures = [space.parse_row(text) for text in texts]
    assert len(set(architectures)) == len(texts) > 600
    choices = space.choices(architectures)
    costs = space.costs_as_written(choices) if isinstance(space, TransNASMicro) else space.costs(choices)
    assert np.array_equal(costs.total("params"), published_params)
    for index, architecture in enumerate(architectures):
        around = shapes(
            MICRO_MODULES if isinstance(space, TransNASMicro) else [kind for kind in architecture.choices if kind],
            space.task.side,
        )
        macs, seen = count_encoder(space, architecture, around)
        head_macs, head_seen = count_head(space.task, around[-1])
        # Of a jigsaw's nine tiles the published counter saw one, and the head of all nine.
        assert seen + head_seen == published_flops[index], texts[index]
        assert space.task.tile_count * macs + head_macs == costs.total("macs")[index], texts[index]


@pytest.mark.parametrize(
    ("space", "text"),
    [
        (TransNASMacro(side=64), "64-2413-basic"),
        (TransNASMicro(side=64), "64-41414-1_02_333"),
        (TransNASMicro("jigsaw"), "64-41414-1_01_010"),
        (TransNASMicro("normal", side=64), "64-41414-2_11_001"),
    ],
    ids=["macro", "micro", "nine-tiles", "image"],
)
def test_a_network_is_what_its_costs_say(space: TransNASMacro | TransNASMicro, text: str) -> None:
    architecture = space.parse(text)
    network = space.build(architecture)
    costs = space.costs(space.choices([architecture]))
    channels, side, _ = space.input_shape
    macs, _ = count(lambda: network, 1, Shape(channels=channels, side=side))
    assert costs.total("macs")[0] == macs
    as_written = space.costs_as_written([architecture.choices]) if isinstance(space, TransNASMicro) else costs
    assert as_written.total("params")[0] == sum(parameter.numel() for parameter in network.parameters())
