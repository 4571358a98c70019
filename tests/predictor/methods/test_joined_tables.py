import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.joined_tables import MIN_MEASURED_COUNT, join_tables
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


def test_platforms_of_the_same_architectures_are_one_table(space: SearchSpace, world: LatencyTable) -> None:
    first, second = world.select(["source_0", "source_1"]), world.select(["source_2"])
    joined = join_tables(space, [first, second.subset(np.arange(len(world.choices))[::-1])])
    assert joined.table.platforms == ("source_0", "source_1", "source_2")
    assert np.allclose(joined.table.latency_ms, world.select(joined.table.platforms).latency_ms)
    assert set(joined.predicted_shares.values()) == {0.0}


def test_what_a_platform_lacks_is_predicted_from_what_it_has(space: SearchSpace, world: LatencyTable) -> None:
    first, second = world.select(["source_0"]).subset(range(300)), world.select(["source_1"]).subset(range(200, 500))
    joined = join_tables(space, [first, second])
    assert len(joined.table.choices) == 500
    assert joined.predicted_shares == {"source_0": pytest.approx(0.4), "source_1": pytest.approx(0.4)}
    actual = world.select(["source_0", "source_1"]).latency_ms
    assert np.allclose(joined.table.latency_ms[0, :300], actual[0, :300])
    assert metrics.median_ape(actual[0, 300:], joined.table.latency_ms[0, 300:]) < 0.05


def test_two_latencies_that_agree_are_one(space: SearchSpace, world: LatencyTable) -> None:
    table = world.select(["source_0"])
    slower = LatencyTable(platforms=("source_0",), choices=table.choices, latency_ms=1.1 * table.latency_ms)
    joined = join_tables(space, [table, slower])
    assert np.allclose(joined.table.latency_ms, np.sqrt(1.1) * table.latency_ms)


def test_two_latencies_that_disagree_are_refused(space: SearchSpace, world: LatencyTable) -> None:
    table = world.select(["source_0"])
    seconds = LatencyTable(platforms=("source_0",), choices=table.choices, latency_ms=table.latency_ms / 1000)
    with pytest.raises(TableError, match=r"source_0 has two latencies of \|.* that disagree, .* ms: leave one of them"):
        join_tables(space, [table, seconds])


def test_a_platform_with_too_few_architectures_is_refused(space: SearchSpace, world: LatencyTable) -> None:
    few = world.select(["source_1"]).subset(range(5))
    with pytest.raises(TableError, match=rf"measured on 5 of 300 architectures; {MIN_MEASURED_COUNT} are needed"):
        join_tables(space, [world.select(["source_0"]).subset(range(300)), few])


def test_a_table_that_is_trusted_less_counts_less_in_the_mean(space: SearchSpace, world: LatencyTable) -> None:
    table = world.select(["source_0"])
    slower = LatencyTable(platforms=("source_0",), choices=table.choices, latency_ms=1.1 * table.latency_ms)
    joined = join_tables(space, [table, slower], [1.0, 0.25])
    assert np.allclose(joined.table.latency_ms, 1.1**0.2 * table.latency_ms)
    assert joined.trust is not None
    assert joined.trust.tolist() == [1.0]
    apart = join_tables(space, [table, world.select(["source_1"])], [1.0, 0.25])
    assert apart.trust is not None
    assert apart.trust.tolist() == [1.0, 0.25]
