from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.samplers.variance_design import choose_by_variance

ALONE = np.diag([1.0, 4.0, 2.0])[None]


def test_the_design_takes_what_lowers_the_variance_of_all_most() -> None:
    chosen, left = choose_by_variance(ALONE, np.zeros((1, 3)), 2)
    assert chosen.tolist() == [1, 2]
    assert np.trace(left[0]) == pytest.approx(1.0)
    assert choose_by_variance(ALONE, np.zeros((1, 3)), 2, first=0)[0].tolist() == [0, 1]


def test_models_count_by_the_share_that_a_sample_lowers() -> None:
    # By sums of variance the second model would decide alone; by shares, what both leave open comes first.
    models = np.concatenate([ALONE, np.diag([300.0, 0.0, 300.0])[None]])
    assert choose_by_variance(models, np.zeros((2, 3)), 3)[0].tolist() == [2, 0, 1]


def test_what_all_have_in_common_does_not_count() -> None:
    level = 50.0 * np.ones((3, 3)) + ALONE
    # The first sample tells the level, whichever it is; the gain is that of its own part.
    assert choose_by_variance(level, np.full((1, 3), 1e-3), 1, level=np.ones((1, 3)))[0].tolist() == [1]


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(SampleCountError, match="cannot choose 4 of 3"):
        choose_by_variance(ALONE, np.zeros((1, 3)), 4)
