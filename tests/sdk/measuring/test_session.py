from factories import probe_of

from edgeprof.measuring.next_step import last_measured


def test_the_last_measurement_of_each_network_counts() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, 2.0), probe_of(2, 1.0, is_check=True), probe_of(3, 2.1, architecture="a1")]
    assert [item.ordinal for item in last_measured(probes)] == [0, 3]


def test_a_network_stays_measured_while_it_waits_to_be_measured_again() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, None, state="planned", architecture="a0")]
    assert [item.ordinal for item in last_measured(probes)] == [0]


def test_a_measurement_is_not_lost_when_measuring_again_fails() -> None:
    probes = [probe_of(0, 1.0), probe_of(1, None, state="failed", architecture="a0")]
    assert [item.ordinal for item in last_measured(probes)] == [0]


def test_a_network_that_only_failed_is_not_measured() -> None:
    assert last_measured([probe_of(0, None, state="failed")]) == []
