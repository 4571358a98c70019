import numpy as np
import pytest

from edgeprof_predictor.spaces import SPACE_NAMES, get_space
from edgeprof_predictor.spaces.costs import QUANTITIES
from edgeprof_predictor.spaces.counted_costs import STAGE_COUNT, counted_costs


@pytest.mark.parametrize("name", SPACE_NAMES)
def test_arithmetic_is_counted_as_the_space_says(name: str) -> None:
    space = get_space(name)
    choices = space.pruned(space.sample_choices(3, seed=1))
    counted, said = counted_costs(space, choices), space.costs(choices)
    assert said is not None
    for quantity in ("macs", "depthwise_macs"):
        assert np.allclose(counted.total(quantity), said.total(quantity)), quantity
    assert counted.total("params") == pytest.approx(said.total("params"), rel=0.03)
    assert counted.amounts.shape == (3, STAGE_COUNT, len(QUANTITIES))


def test_memory_traffic_and_launches_are_near_to_what_the_space_says() -> None:
    space = get_space("fbnet")
    choices = space.sample_choices(3, seed=2)
    counted, said = counted_costs(space, choices), space.costs(choices)
    assert said is not None
    for quantity in ("traffic", "launches", "elementwise"):
        assert counted.total(quantity) == pytest.approx(said.total(quantity), rel=0.1), quantity
