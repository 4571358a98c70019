import pytest
from factories import probe_of

from edgeprof.measuring.anchor import anchor_of, latency_estimates, open_segment
from edgeprof.measuring.latency_estimate import LatencyEstimate


def test_the_anchor_is_the_first_probe_that_could_be_measured() -> None:
    probes = [probe_of(0, None, state="failed"), probe_of(1, 2.0), probe_of(2, 3.0)]
    anchor = anchor_of(probes)
    assert anchor is not None
    assert anchor.ordinal == 1
    assert anchor_of(probes[:1]) is None


def test_a_check_of_the_anchor_closes_the_segment() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, 2.0), probe_of(2, 3.0)]
    assert [item.ordinal for item in open_segment(probes)] == [1, 2]
    probes.append(probe_of(3, 1.0, is_check=True))
    assert open_segment(probes) == []
    probes += [probe_of(4, 2.0), probe_of(5, None, state="planned")]
    assert [item.ordinal for item in open_segment(probes)] == [4]


def test_the_anchor_is_estimated_from_all_its_measurements() -> None:
    probes = [
        probe_of(0, 1.5),
        probe_of(1, 9.0),
        probe_of(2, 1.0, is_check=True),
        probe_of(3, 0.5),
        probe_of(4, 1.2, is_check=True),
    ]
    estimate = latency_estimates(probes)["a0"]
    assert estimate.latency_ms == 1.0
    assert estimate.window_counts == (0, 5, 0)


@pytest.mark.parametrize(
    ("begin_ms", "end_ms", "excess"),
    [(1.0, 1.02, 0.0), (1.0, 1.2, 0.1823), (1.2, 1.0, 0.1823), (1.0, 1.0, 0.0)],
    ids=["noise", "slower at the end", "slower at the beginning", "the same"],
)
def test_a_segment_has_a_drift_uncertainty_when_the_anchor_was_slower_at_either_end(
    begin_ms: float, end_ms: float, excess: float
) -> None:
    probes = [probe_of(0, begin_ms), probe_of(1, 2.0), probe_of(2, end_ms, is_check=True)]
    found = latency_estimates(probes)
    assert found["a1"].drift_uncertainty == pytest.approx(excess, abs=1e-3)
    assert found["a0"].drift_uncertainty == 0.0


def test_a_slower_stretch_leaves_the_segments_around_it_alone() -> None:
    probes = [
        probe_of(0, 1.0),
        probe_of(1, 2.0),
        probe_of(2, 1.0, is_check=True),
        probe_of(3, 2.0),
        probe_of(4, 1.3, is_check=True),
        probe_of(5, 2.0),
        probe_of(6, 1.0, is_check=True),
        probe_of(7, 2.0),
    ]
    found = latency_estimates(probes)
    assert [found[f"a{ordinal}"].drift_uncertainty > 0 for ordinal in (1, 3, 5, 7)] == [False, True, True, False]


def twice_measured(first_ms: float, second_ms: float, *anchor_ms: float) -> LatencyEstimate:
    """The estimate of a network measured twice, each time between two of the measurements of the anchor."""
    first, middle, last = anchor_ms
    return latency_estimates(
        [
            probe_of(0, 1.0),
            probe_of(1, first, is_check=True),
            probe_of(2, first_ms, architecture="twice"),
            probe_of(3, middle, is_check=True),
            probe_of(4, second_ms, architecture="twice"),
            probe_of(5, last, is_check=True),
        ]
    )["twice"]


def test_a_measurement_while_the_anchor_was_fast_removes_the_drift_uncertainty_of_another() -> None:
    estimate = twice_measured(2.0, 2.02, 1.3, 1.0, 1.0)
    assert (estimate.drift_uncertainty, estimate.is_converged) == (0.0, True)


def test_a_disturbed_measurement_does_not_make_an_estimate_converge() -> None:
    """The estimate uses the faster one, with the drift uncertainty of its segment."""
    estimate = twice_measured(2.0, 2.8, 1.3, 1.0, 1.0)
    assert estimate.latency_ms == 2.0
    assert estimate.drift_uncertainty == pytest.approx(0.262, abs=1e-3)


def test_two_measurements_that_agree_converge_in_spite_of_a_passing_slowdown() -> None:
    assert twice_measured(2.0, 2.02, 1.0, 1.5, 1.0).is_converged


@pytest.mark.parametrize(
    "anchor_ms", [(1.5, 1.5, 1.5), (1.0, 1.5, 1.5)], ids=["all along", "from the first measurement on"]
)
def test_two_measurements_that_agree_do_not_converge_on_a_device_that_stays_slow(anchor_ms: tuple[float, ...]) -> None:
    estimate = twice_measured(3.0, 3.02, *anchor_ms)
    assert estimate.drift_uncertainty == pytest.approx(0.405, abs=1e-3)
    assert not estimate.is_converged


def test_segments_follow_the_order_of_outcomes_and_neither_the_plan_nor_the_clock() -> None:
    """A check of the anchor is planned behind what waits, and measured before it."""
    probes = [
        probe_of(0, 1.0, sequence=1),
        probe_of(1, 2.0, sequence=2),
        probe_of(2, 2.0, sequence=4),
        probe_of(3, 1.0, is_check=True, sequence=3),
    ]
    assert [item.ordinal for item in open_segment(probes)] == [2]
    anchor = anchor_of(probes)
    assert anchor is not None and anchor.ordinal == 0


def test_a_check_that_failed_closes_the_segment() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, 2.0), probe_of(2, None, is_check=True, state="failed")]
    assert open_segment(probes) == []
