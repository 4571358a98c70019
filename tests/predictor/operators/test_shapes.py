from __future__ import annotations

import itertools

import pytest

from edgeprof_predictor.operators.graph import Node, Tensor
from edgeprof_predictor.operators.shapes import kept_run, reduced_order, run_of_order, taps_inside


def convolution(before: int, after: int, kernel: int, stride: int, dilation: int) -> Node:
    return Node(
        name="conv",
        type="Conv",
        inputs=(Tensor((1, 1, before)),),
        outputs=(Tensor((1, 1, after)),),
        attributes={"kernel_shape": (kernel,), "strides": (stride,), "dilations": (dilation,)},
    )


def test_taps_inside_are_those_counted_one_by_one() -> None:
    for before, after, kernel, stride, dilation in itertools.product(
        (1, 5, 12), (1, 3, 6, 12), (1, 3, 5), (1, 2), (1, 2, 12)
    ):
        padding = max((after - 1) * stride + (kernel - 1) * dilation + 1 - before, 0) // 2
        counted = sum(
            0 <= output * stride - padding + tap * dilation < before for output in range(after) for tap in range(kernel)
        )
        node = convolution(before, after, kernel, stride, dilation)
        assert taps_inside(node, None, 1) == pytest.approx(max(counted / after, 1.0))


def test_a_dilation_as_large_as_the_image_leaves_one_tap() -> None:
    assert taps_inside(convolution(12, 12, 3, 1, 12), None, 1) == 1.0


@pytest.mark.parametrize(
    ("shape", "order", "reduced"),
    [
        ((1, 4, 5, 6), (0, 2, 1, 3), (1, 0, 2)),
        ((2, 4, 5, 6), (0, 2, 1, 3), (0, 2, 1, 3)),
        ((1, 8, 196, 32), (0, 1, 3, 2), (0, 2, 1)),
        ((2, 3, 4), (0, 1, 2), (0,)),
        ((2, 3, 4), (2, 0, 1), (1, 0)),
        ((2, 3), (0, 5), ()),
    ],
)
def test_orders_that_move_memory_alike_are_the_same(
    shape: tuple[int, ...], order: tuple[int, ...], reduced: tuple[int, ...]
) -> None:
    assert reduced_order(shape, order) == reduced


def test_the_run_of_a_transpose_ignores_axes_of_one() -> None:
    assert run_of_order((2, 3, 1, 8), (1, 0, 2, 3)) == 8
    assert run_of_order((2, 3, 8), (0, 2, 1)) == 1


def test_the_run_of_a_reduction_is_what_follows_the_axis() -> None:
    assert kept_run((1, 2, 32, 32), (1, 1, 32, 32)) == 32 * 32
    assert kept_run((1, 2, 32, 32), (1, 2, 1, 1)) == 1
