"""Energy of runs from readings of one sensor."""

from pathlib import Path

import pytest

from edgeprof_agent.energy.sensors import Sensor
from edgeprof_agent.energy.tally import Reading, Span, Tally
from edgeprof_proto.records.measurement import LatencyBlock

POWER = Sensor(name="ina226 power1", paths=(Path("power1_input"),), factor=1e-3, rank=0)
COUNTER = Sensor(
    name="RAPL package-0",
    paths=(Path("energy_uj"),),
    factor=1e-3,
    rank=2,
    is_counter=True,
    wrap_mj=1_000.0,
    resolution=0.5,
    update_s=0.001,
)
GAUGE = Sensor(name="battery BAT0", paths=(Path("energy_now"),), factor=3.6, rank=5, is_counter=True, is_falling=True)


def span(*readings: tuple[float, float | None]) -> Span:
    return tuple(Reading(time_s=time_s, value=value) for time_s, value in readings)


def block(count: int, latency_ms: float) -> LatencyBlock:
    return LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(latency_ms,) * count)


def test_power_is_integrated_by_trapezoids_and_belongs_to_the_time_of_the_runs() -> None:
    tally = Tally(POWER)
    tally.note_idle(span((0.0, 1_000.0), (1.0, 1_000.0)))
    # 2 W rising to 4 W in 0.1 s, then 4 W for 0.3 s: 0.3 J and 1.2 J.
    tally.add(span((1.0, 2_000.0), (1.1, 4_000.0), (1.4, 4_000.0)), block(10, 38.0))
    use = tally.use()
    assert use is not None and not use.is_counter
    assert use.mean_power_mw == pytest.approx(3_750.0)
    assert use.run_energy_mj == pytest.approx(3.75 * 38.0)
    assert (use.idle_power_mw, use.reading_count, use.run_count) == (1_000.0, 3, 10)
    # The smallest step seen is 1 W.
    assert use.uncertainty_mj == pytest.approx(0.5 * 38.0)


def test_a_counter_is_read_twice_and_begins_anew_at_its_end() -> None:
    tally = Tally(COUNTER)
    tally.add(span((0.0, 100.0), (0.1, 400.0)), block(9, 10.0))
    tally.add(span((0.5, 900.0), (0.6, 200.0)), block(9, 10.0))
    use = tally.use()
    assert use is not None and use.is_counter
    assert use.mean_power_mw == pytest.approx(3_000.0)
    assert use.run_energy_mj == pytest.approx(30.0)
    # A step and an update at either end of a block, shared by its runs.
    assert use.uncertainty_mj == pytest.approx(2 * (0.5 + 3.0) / 18)
    assert use.idle_power_mw is None


def test_a_gauge_tells_what_is_left_and_one_that_is_charged_meanwhile_tells_nothing() -> None:
    tally = Tally(GAUGE)
    tally.add(span((0.0, 400.0), (0.1, 100.0)), block(1, 100.0))
    use = tally.use()
    assert use is not None and use.mean_power_mw == pytest.approx(3_000.0)
    charged = Tally(GAUGE)
    charged.add(span((0.0, 100.0), (0.1, 400.0)), block(1, 100.0))
    assert charged.use() is None


def test_a_sensor_of_unknown_resolution_that_never_moved_has_no_uncertainty() -> None:
    tally = Tally(POWER)
    tally.add(span((0.0, 2.0), (0.1, 2.0)), block(1, 50.0))
    use = tally.use()
    assert use is not None and use.uncertainty_mj is None


@pytest.mark.parametrize(
    "readings",
    [(), ((0.0, 1.0),), ((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.05, None), (0.1, 1.0))],
    ids=["none", "one", "no time", "a failed one"],
)
def test_a_block_without_all_of_its_readings_does_not_count(readings: tuple[tuple[float, float | None], ...]) -> None:
    tally = Tally(POWER)
    tally.add(span(*readings), block(1, 10.0))
    assert tally.use() is None


def test_runs_that_took_longer_than_the_server_saw_are_not_believed() -> None:
    tally = Tally(POWER)
    tally.add(span((0.0, 1.0), (0.1, 1.0)), block(10, 100.0))
    assert tally.use() is None


def test_the_next_model_of_a_series_begins_at_nothing_with_the_same_idle_power() -> None:
    tally = Tally(POWER)
    tally.note_idle(span((0.0, 7.0), (1.0, 7.0)))
    tally.add(span((0.0, 1.0), (0.1, 1.0)), block(1, 50.0))
    tally.begin_anew()
    assert tally.use() is None
    tally.add(span((0.0, 2.0), (0.1, 2.0)), block(1, 50.0))
    use = tally.use()
    assert use is not None and (use.mean_power_mw, use.idle_power_mw) == (pytest.approx(2.0), 7.0)
