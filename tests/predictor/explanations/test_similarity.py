import numpy as np
import pytest

from edgeprof_predictor.errors import ProfileError
from edgeprof_predictor.explanations.similarity import similar_platforms
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


def samples_of(method: DefaultMethod, world: LatencyTable, count: int) -> Samples:
    chosen = method.choose_samples(world.choices, count, measured=Samples.none(method.space), seed=0)
    return Samples.of(world.choices[chosen], world.latencies_of("unseen_0")[chosen])


def test_intervals_hold_the_correlations_of_the_table(method: DefaultMethod, world: LatencyTable) -> None:
    found = similar_platforms(method.adapt(samples_of(method, world, 10), seed=0))
    assert [one.platform for one in found] == [one.platform for one in sorted(found, key=lambda one: -one.correlation)]
    connected = np.flatnonzero(method.space.is_connected(world.choices))
    log_ms = {name: np.log(world.latencies_of(name)[connected]) for name in world.platforms}
    actual = {name: float(np.corrcoef(log_ms[name], log_ms["unseen_0"])[0, 1]) for name in method.platforms}
    # The table holds 500 architectures of the space, the comparison is over 300 others: hence the margin.
    held = [one.lower - 0.03 <= actual[one.platform] <= one.upper + 0.03 for one in found]
    assert sum(held) >= len(held) - 1


def test_more_samples_make_intervals_narrower(method: DefaultMethod, world: LatencyTable) -> None:
    widths = []
    for count in (3, 12):
        found = similar_platforms(method.adapt(samples_of(method, world, count), seed=0))
        widths.append(np.mean([one.upper - one.lower for one in found]))
    assert widths[1] < widths[0]


def test_the_map_puts_the_most_alike_nearest(method: DefaultMethod, world: LatencyTable) -> None:
    found = similar_platforms(method.adapt(samples_of(method, world, 10), seed=0))
    distances = [np.hypot(*one.position) for one in found]
    assert np.corrcoef(distances, [one.correlation for one in found])[0, 1] < -0.5


def test_without_sources_there_is_nothing_to_compare_with(space: SearchSpace, world: LatencyTable) -> None:
    method = DefaultMethod.without_sources(space, seed=0)
    with pytest.raises(ProfileError, match="no platform is known that nasbench201 was measured on"):
        similar_platforms(method.adapt(samples_of(method, world, 3), seed=0))
