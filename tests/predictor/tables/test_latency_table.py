from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import TableError, UnknownPlatformError
from edgeprof_predictor.tables.latency_table import LatencyTable

CHOICES = np.array([[0, 1], [1, 0], [1, 1]], dtype=np.int8)
GOOD = [[1.0, 2.0, 3.0], [4.0, 4.0, 5.0]]


def table(latency_ms: object = GOOD, platforms: tuple[str, ...] = ("pixel3", "raspi4")) -> LatencyTable:
    return LatencyTable(platforms=platforms, choices=CHOICES, latency_ms=np.array(latency_ms, dtype=np.float64))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_latency_that_is_none_is_refused_with_platform_and_value(wrong: float) -> None:
    with pytest.raises(TableError, match=rf"raspi4 .* got {wrong}"):
        table([[1.0, 2.0, 3.0], [4.0, wrong, 5.0]])


def test_a_constant_platform_is_refused() -> None:
    with pytest.raises(TableError, match="all latencies of pixel3 are 2 ms"):
        table([[2.0, 2.0, 2.0], [4.0, 4.0, 5.0]])


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(TableError, match="2 platforms x 3 architectures"):
        table([[1.0, 2.0], [4.0, 4.0]])


def test_a_platform_named_twice_is_refused() -> None:
    with pytest.raises(TableError, match="repeated: pixel3"):
        table(platforms=("pixel3", "pixel3"))


def test_an_unknown_platform_is_answered_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownPlatformError, match=r"'pixel4'.* pixel3"):
        table().latencies_of("pixel4")


def test_selected_platforms_come_in_the_order_asked_for() -> None:
    selected = table().select(["raspi4", "pixel3"])
    assert selected.platforms == ("raspi4", "pixel3")
    assert selected.latency_ms.tolist() == [GOOD[1], GOOD[0]]


def test_a_subset_keeps_architectures_and_latencies_together() -> None:
    subset = table().subset([2, 0])
    assert subset.choices.tolist() == [[1, 1], [0, 1]]
    assert subset.latencies_of("pixel3").tolist() == [3.0, 1.0]
