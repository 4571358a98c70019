import dataclasses
from pathlib import Path

import pytest
from factories import measurement_of_blocks

from edgeprof.errors import EdgeprofError
from edgeprof.measuring.sustained import require_time_for, sustained_curve, sustained_plan
from edgeprof.plots.sustained_plot import draw_curve
from edgeprof_proto.records.device import AgentLimits
from edgeprof_proto.records.measurement import Conditions, Measurement, Temperature


def _measurement(*medians_ms: float) -> Measurement:
    """Blocks of half a second at these latencies, with a reading of the device after each."""
    plain = measurement_of_blocks(*[(median,) * round(500 / median) for median in medians_ms])
    timed = [
        dataclasses.replace(block, start_ms=100.0 + 510.0 * index) for index, block in enumerate(plain.timed_blocks)
    ]
    readings = [
        Conditions(
            elapsed_ms=105.0 + 510.0 * index + 500.0,
            temperatures=(Temperature(zone="cpu", temperature_celsius=40.0 + index),),
            core_frequencies_mhz=(900.0, 1_500.0),
        )
        for index in range(len(timed))
    ]
    return dataclasses.replace(
        plain, blocks=(plain.blocks[0], *timed), conditions_during=tuple(readings[:-1]), conditions_after=readings[-1]
    )


def test_a_device_that_heats_up_has_a_burst_and_a_steady_state() -> None:
    curve = sustained_curve(_measurement(1.0, 1.0, 1.2, 1.4, 1.5, 1.5, 1.51, 1.5))
    assert curve.burst_ms == 1.0
    assert curve.steady_ms == pytest.approx(1.5)
    assert curve.steady_start_s == pytest.approx(4 * 0.51)
    assert [item.temperature_celsius for item in curve.bins] == [40.0 + index for index in range(8)]
    assert {item.frequency_mhz for item in curve.bins} == {1_500.0}


def test_a_device_that_never_becomes_steady_has_no_steady_state() -> None:
    curve = sustained_curve(_measurement(*[1.0 + 0.1 * index for index in range(8)]))
    assert curve.steady_ms is None and curve.steady_start_s is None


def test_a_device_that_stays_cool_is_steady_from_the_start() -> None:
    curve = sustained_curve(_measurement(*[1.0] * 8))
    assert curve.steady_start_s == 0.0


def test_what_the_device_does_not_report_is_not_made_up() -> None:
    measurement = dataclasses.replace(
        _measurement(*[1.0] * 8), conditions_during=(), conditions_after=Conditions(elapsed_ms=1e9)
    )
    bins = sustained_curve(measurement).bins
    assert {item.temperature_celsius for item in bins} == {item.frequency_mhz for item in bins} == {None}


@pytest.mark.parametrize(("duration_s", "bin_count"), [(1.0, 6), (12.0, 12), (600.0, 60)])
def test_bins_are_of_a_second_or_longer_and_not_too_many(duration_s: float, bin_count: int) -> None:
    plan = sustained_plan(duration_s)
    assert plan.block_count == bin_count
    assert plan.timed_duration_ms == 1_000 * duration_s < plan.max_duration_ms


def test_work_that_the_agent_would_cut_short_is_refused_beforehand() -> None:
    limits = AgentLimits(
        model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=1, queued_job_count=1, job_duration_s=60.0
    )
    require_time_for(sustained_plan(59.0), limits)
    with pytest.raises(EdgeprofError, match="may take 600 s, the agent ends a job after 60 s"):
        require_time_for(sustained_plan(600.0), limits)


def test_the_curve_can_be_drawn(tmp_path: Path) -> None:
    curve = sustained_curve(_measurement(1.0, 1.0, 1.2, 1.4, 1.5, 1.5, 1.51, 1.5))
    assert draw_curve(curve, "model on board", tmp_path / "curve.svg").stat().st_size > 1_000
