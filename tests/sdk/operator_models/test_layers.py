"""Operators are grouped by the modules that the names of their nodes tell."""

import pytest

from edgeprof.operator_models.layers import Layer, grouped
from edgeprof_predictor.operators.classes import OperatorClass


def layer(name: str, time_ms: float = 1.0) -> Layer:
    return Layer(name=name, operator_class=OperatorClass.CONVOLUTION, time_ms=time_ms)


LAYERS = [
    layer("/stem/Conv"),
    layer("/stages/0/a/Conv", 2.0),
    layer("x_abcd_acdb_/stages/0/b/Conv"),
    layer("/stages/1/Conv", 4.0),
    layer("/head/fc/Gemm"),
    layer("output"),
]


def test_the_fewest_levels_with_four_groups_are_taken() -> None:
    groups = grouped(LAYERS)
    assert [group.name for group in groups] == ["stem", "stages", "head", ""]
    assert groups[1].time_ms == pytest.approx(7.0) and groups[1].operator_count == 3
    assert sum(group.share for group in groups) == pytest.approx(1)


def test_a_depth_splits_further() -> None:
    assert [group.name for group in grouped(LAYERS, 2)] == ["stem", "stages/0", "stages/1", "head/fc", ""]


def test_names_without_modules_are_one_group() -> None:
    (group,) = grouped([layer("a"), layer("b")])
    assert group.name == "" and group.share == pytest.approx(1)
