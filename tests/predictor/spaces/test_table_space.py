from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import ArchitectureError, EncodingError
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.spaces.contract import CategoricalSpaceContract
from edgeprof_predictor.spaces.table_space import TableSpace

VALUES = ((-1, 3), (128, 160, 192, 224), (7,))


class TestResolutions(CategoricalSpaceContract):
    """Columns with any integers, one of them the same everywhere."""

    def make_space(self) -> CategoricalSpace:
        return TableSpace("resolutions", VALUES)


def test_values_are_numbered_and_named_again() -> None:
    space = TableSpace("resolutions", VALUES)
    choices = space.number_columns([[3, 224, 7], [-1, 128, 7]])
    assert choices.tolist() == [[1, 3, 0], [0, 0, 0]]
    assert [space.format(one) for one in space.architectures(choices)] == ["3,224,7", "-1,128,7"]
    assert space.parse("3, 192,7").choices == (1, 2, 0)


@pytest.mark.parametrize("text", ["3,200,7", "3,224", "3,224,7,1", "a,b,c", "", "99999999999999999999,224,7"])
def test_a_text_that_names_no_architecture_is_answered_with_one_that_does(text: str) -> None:
    with pytest.raises(ArchitectureError, match="a right one is '-1,128,7'"):
        TableSpace("resolutions", VALUES).parse(text)


def test_a_value_that_no_column_has_is_named_with_those_it_has() -> None:
    space = TableSpace("resolutions", VALUES)
    with pytest.raises(EncodingError, match="200 is no value of column 1 of resolutions; its values are 128, 160"):
        space.number_columns([[3, 200, 7]])
    with pytest.raises(EncodingError, match="must be integers, n x 3, got float64"):
        space.number_columns(np.ones((1, 3)))
