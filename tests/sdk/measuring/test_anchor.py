import pytest
from factories import probe_of

from edgeprof.measuring.anchor import anchor_of, open_segment, paces
from edgeprof.measuring.latency_estimate import Pace


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


def test_all_measurements_of_the_anchor_tell_its_pace() -> None:
    probes = [
        probe_of(0, 1.5),
        probe_of(1, 9.0),
        probe_of(2, 1.0, is_check=True),
        probe_of(3, 0.5),
        probe_of(4, 1.2, is_check=True),
    ]
    pace = paces(probes)["a0"]
    assert pace.latency_ms == 1.0
    assert pace.block_counts == (0, 5, 0)


@pytest.mark.parametrize(
    ("begin_ms", "end_ms", "excess"),
    [(1.0, 1.02, 0.0), (1.0, 1.2, 0.1823), (1.2, 1.0, 0.1823), (1.0, 1.0, 0.0)],
    ids=["noise", "slower at the end", "slower at the beginning", "the same"],
)
def test_a_segment_is_doubtful_when_the_anchor_was_slower_at_either_end(
    begin_ms: float, end_ms: float, excess: float
) -> None:
    probes = [probe_of(0, begin_ms), probe_of(1, 2.0), probe_of(2, end_ms, is_check=True)]
    found = paces(probes)
    assert found["a1"].slowdown == pytest.approx(excess, abs=1e-3)
    assert found["a0"].slowdown == 0.0


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
    found = paces(probes)
    assert [found[f"a{ordinal}"].slowdown > 0 for ordinal in (1, 3, 5, 7)] == [False, True, True, False]


def twice_measured(first_ms: float, second_ms: float, *anchor_ms: float) -> Pace:
    """The pace of a network measured twice, each time between two of the measurements of the anchor."""
    first, middle, last = anchor_ms
    return paces(
        [
            probe_of(0, 1.0),
            probe_of(1, first, is_check=True),
            probe_of(2, first_ms, architecture="twice"),
            probe_of(3, middle, is_check=True),
            probe_of(4, second_ms, architecture="twice"),
            probe_of(5, last, is_check=True),
        ]
    )["twice"]


def test_a_try_while_the_anchor_was_at_its_pace_settles_what_another_left_in_doubt() -> None:
    pace = twice_measured(2.0, 2.02, 1.3, 1.0, 1.0)
    assert (pace.slowdown, pace.is_settled) == (0.0, True)


def test_a_try_that_was_disturbed_settles_nothing() -> None:
    """The faster one tells the pace, and its segment says how far to trust it."""
    pace = twice_measured(2.0, 2.8, 1.3, 1.0, 1.0)
    assert pace.latency_ms == 2.0
    assert pace.slowdown == pytest.approx(0.262, abs=1e-3)


def test_two_tries_that_agree_settle_what_a_passing_slowdown_left_in_doubt() -> None:
    assert twice_measured(2.0, 2.02, 1.0, 1.5, 1.0).is_settled


@pytest.mark.parametrize("anchor_ms", [(1.5, 1.5, 1.5), (1.0, 1.5, 1.5)], ids=["all along", "from the first try on"])
def test_two_tries_that_agree_settle_nothing_on_a_device_that_stays_slow(anchor_ms: tuple[float, ...]) -> None:
    pace = twice_measured(3.0, 3.02, *anchor_ms)
    assert pace.slowdown == pytest.approx(0.405, abs=1e-3)
    assert not pace.is_settled


def test_segments_follow_the_clock_and_not_the_plan() -> None:
    """A check of the anchor is planned behind what waits, and measured before it."""
    probes = [
        probe_of(0, 1.0, start_time=1.0),
        probe_of(1, 2.0, start_time=2.0),
        probe_of(2, 2.0, start_time=4.0),
        probe_of(3, 1.0, is_check=True, start_time=3.0),
    ]
    assert [item.ordinal for item in open_segment(probes)] == [2]
