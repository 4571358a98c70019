"""NAS-Bench-301: notation, costs and networks."""

from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.contract import SearchSpaceContract
from edgeprof_predictor.spaces.costs import QUANTITIES
from edgeprof_predictor.spaces.nasbench301.geometry import CELL_PLACES
from edgeprof_predictor.spaces.nasbench301.space import NASBench301

# The second cell pair that DARTS published for CIFAR-10.
DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
IN_ORDER = DARTS.replace(
    "('sep_conv_3x3', 1), ('skip_connect', 0)", "('skip_connect', 0), ('sep_conv_3x3', 1)"
).replace("('skip_connect', 2), ('max_pool_3x3', 1)", "('max_pool_3x3', 1), ('skip_connect', 2)")
ROW = (
    "[[(0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)], "
    "[(0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)]]"
)


class TestNASBench301Contract(SearchSpaceContract):
    def make_space(self) -> NASBench301:
        return NASBench301()


def uniform(operation: str) -> str:
    cell = [(operation, start) for _ in range(4) for start in (0, 1)]
    return f"Genotype(normal={cell}, normal_concat=[2, 3, 4, 5], reduce={cell}, reduce_concat=[2, 3, 4, 5])"


def test_genotype_is_written_with_the_earlier_input_first() -> None:
    space = NASBench301()
    assert space.format(space.parse(DARTS)) == IN_ORDER
    assert space.format(space.parse(IN_ORDER)) == IN_ORDER


@pytest.mark.parametrize(
    "text",
    [
        DARTS.replace("[2, 3, 4, 5]", "range(2, 6)"),
        DARTS.replace("'", '"').replace(" ", ""),
        DARTS.replace("[", "(").replace("]", ")"),
        ROW,
        ROW.replace("[", "(").replace("]", ")"),
    ],
)
def test_genotype_may_be_written_in_several_ways(text: str) -> None:
    assert NASBench301().parse(text) == NASBench301().parse(DARTS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Genotype()", "it needs Genotype"),
        (DARTS.replace("sep_conv_3x3", "sep_conv_7x7", 1), "'sep_conv_7x7' is no operation; they are max_pool_3x3, "),
        (DARTS.replace("sep_conv_3x3", "none", 1), "'none' is no operation"),
        (DARTS.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=[3, 4, 5]"), r"all nodes are joined.*got \[3, 4"),
        (DARTS.replace(", ('dil_conv_3x3', 2)", ""), "a cell has 8 operations, two for each node; normal has 7"),
        (DARTS.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 0)", 1), "node 0 of normal must read two of 0 to 1, "),
        (DARTS.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 3)", 1), "two of 0 to 1, got 0 and 3"),
        (ROW.replace("(2, 5)", "(2, 7)"), "operations are numbered 0 to 6, got 7"),
        (ROW.replace("(2, 5)", "(5, 5)"), "node 3 of normal must read two of 0 to 4, got 0 and 5"),
    ],
)
def test_broken_genotype_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ArchitectureError, match=reason):
        NASBench301().parse(text)


def test_third_and_sixth_cell_halve_the_resolution_and_double_the_width() -> None:
    assert [index for index, place in enumerate(CELL_PLACES) if place.is_reduction] == [2, 5]
    assert [place.side_out for place in CELL_PLACES] == [32, 32, 16, 16, 16, 8, 8, 8]
    assert [place.channels for place in CELL_PLACES] == [32, 32, 64, 64, 64, 128, 128, 128]
    assert [place.channels_in for place in CELL_PLACES][:4] == [(96, 96), (96, 128), (128, 128), (128, 256)]


def test_size_is_the_known_one() -> None:
    assert NASBench301().size == (1 * 3 * 6 * 10 * 7**8) ** 2


def test_skips_cost_only_where_they_halve_the_resolution() -> None:
    space = NASBench301()
    costs = space.costs(space.choices([space.parse(uniform("skip_connect"))]))
    launches = costs.amounts[0, :, QUANTITIES.index("launches")]
    assert dict(zip(costs.stages, (launches > 0).tolist(), strict=True)) == {
        "normal_32": False,
        "reduction_64": True,
        "normal_64": False,
        "reduction_128": True,
        "normal_128": False,
    }


def test_depth_follows_the_longest_path_through_all_cells() -> None:
    space = NASBench301()
    texts = [uniform(name) for name in ("skip_connect", "max_pool_3x3", "dil_conv_5x5", "sep_conv_3x3")]
    costs = space.costs(space.choices([space.parse(text) for text in texts]))
    # A layer brings the input of each of eight cells to shape; a skip is a layer in the two reductions.
    assert costs.depth.tolist() == [8 + 2, 8 + 8, 8 + 16, 8 + 32]


def test_larger_kernels_change_macs_by_their_windows_alone() -> None:
    space = NASBench301()
    small, large = space.costs(
        space.choices([space.parse(uniform(f"dil_conv_{kernel}")) for kernel in ("3x3", "5x5")])
    ).totals
    depthwise = QUANTITIES.index("depthwise_macs")
    assert large[depthwise] / small[depthwise] == 25 / 9
    unchanged = [QUANTITIES.index(name) for name in ("macs", "traffic", "launches", "elementwise")]
    assert np.array_equal(small[unchanged], large[unchanged])


def test_number_of_classes_is_a_choice() -> None:
    space = NASBench301(class_count=7)
    assert list(space.build(space.parse(DARTS)).parameters())[-1].shape == (7,)
