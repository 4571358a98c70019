from typing import Any

import numpy as np
import pytest

from edgeprof_predictor.errors import SearchError
from edgeprof_predictor.search.procedure import MAX_BUDGET_COUNT, Budget


def test_the_ends_of_each_range_are_taken() -> None:
    Budget(training_count=0, measurement_count=0, batch_count=1)
    Budget(training_count=np.int64(3))  # type: ignore[arg-type]
    Budget(training_count=MAX_BUDGET_COUNT, measurement_count=MAX_BUDGET_COUNT, batch_count=MAX_BUDGET_COUNT)


@pytest.mark.parametrize("name", ["training_count", "measurement_count", "batch_count"])
@pytest.mark.parametrize("count", [-1, MAX_BUDGET_COUNT + 1, 10**30, 1.5, float("nan"), True, "3", None])
def test_what_lies_outside_is_refused_with_the_range(name: str, count: Any) -> None:
    with pytest.raises(SearchError, match=r"must be a whole number of [01] to 10000000, got"):
        Budget(**{name: count})


def test_no_network_at_once_is_refused() -> None:
    with pytest.raises(SearchError, match="networks chosen at once must be a whole number of 1 to 10000000, got 0"):
        Budget(batch_count=0)
