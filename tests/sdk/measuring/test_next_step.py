"""What a session does next, from what is written down."""

from factories import probe_of

from edgeprof.measuring.next_step import CheckAnchor, MeasureAgain, MeasureProbe, next_step


def test_the_first_planned_network_is_next() -> None:
    planned = probe_of(1, None, state="planned")
    assert next_step([probe_of(0, 1.0), planned, probe_of(2, None, state="planned")]) == MeasureProbe(planned)


def test_nothing_is_next_where_nothing_is_planned_and_more_may_follow() -> None:
    assert next_step([]) is None
    assert next_step([probe_of(0, 1.0), probe_of(1, 2.0)]) is None


def test_the_anchor_is_checked_after_five_networks_though_others_wait() -> None:
    probes = [probe_of(ordinal, 1.0 + ordinal) for ordinal in range(6)]
    assert next_step([*probes, probe_of(6, None, state="planned")]) == CheckAnchor("a0")


def test_a_planned_check_comes_before_networks_that_were_planned_earlier() -> None:
    """So a host that was killed while the anchor was checked does not take that measurement for a plain one."""
    check = probe_of(3, None, is_check=True, state="planned")
    assert next_step([probe_of(0, 1.0), probe_of(1, 2.0), probe_of(2, None, state="planned"), check]) == MeasureProbe(
        check
    )


def test_after_a_check_each_network_is_measured_again_whether_or_not_the_host_was_there() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, 2.0), probe_of(2, 3.0), probe_of(3, 1.0, is_check=True)]
    assert next_step(probes) == MeasureAgain(("a1", "a2"))
    # Planned already, in whole or in part: only what is missing.
    again = probe_of(4, None, state="planned", architecture="a1")
    assert next_step([*probes, again]) == MeasureAgain(("a2",))
    both = [*probes, again, probe_of(5, None, state="planned", architecture="a2")]
    assert next_step(both) == MeasureProbe(again)


def test_a_network_that_failed_since_it_was_measured_is_not_measured_again() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, 2.0), probe_of(2, None, state="failed", architecture="a1")]
    assert next_step([*probes, probe_of(3, 1.0, is_check=True)]) is None


def test_a_session_closes_with_a_check_and_ends_once_all_have_converged() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, 2.0)]
    assert next_step(probes, is_closing=True) == CheckAnchor("a0")
    probes += [probe_of(2, 1.0, is_check=True), probe_of(3, 2.0, architecture="a1")]
    assert next_step(probes, is_closing=True) == CheckAnchor("a0")
    assert next_step([*probes, probe_of(4, 1.0, is_check=True)], is_closing=True) is None
