import pytest
from factories import measurement_of

from edgeprof.onboarding.anchor import (
    anchor_measurements,
    anchor_of,
    compare_anchor,
    drift_log_ratios,
    open_segment,
)
from edgeprof.store import Probe
from edgeprof.store.store import ProbeState


def probe(ordinal: int, latency_ms: float | None, *, is_check: bool = False, state: ProbeState = "measured") -> Probe:
    return Probe(
        job_id=f"job-{ordinal}",
        ordinal=ordinal,
        architecture="a0" if is_check else f"a{ordinal}",
        is_anchor_check=is_check,
        state=state,
        measurement=None if latency_ms is None else measurement_of(latency_ms, block_count=5),
        failure=None,
    )


def test_the_anchor_is_the_first_probe_that_could_be_measured() -> None:
    probes = [probe(0, None, state="failed"), probe(1, 2.0), probe(2, 3.0)]
    anchor = anchor_of(probes)
    assert anchor is not None
    assert anchor.ordinal == 1
    assert anchor_of(probes[:1]) is None


def test_a_check_of_the_anchor_closes_the_segment() -> None:
    probes = [probe(0, 1.0), probe(1, 2.0), probe(2, 3.0)]
    assert [item.ordinal for item in open_segment(probes)] == [1, 2]
    probes.append(probe(3, 1.0, is_check=True))
    assert open_segment(probes) == []
    probes += [probe(4, 2.0), probe(5, None, state="planned")]
    assert [item.ordinal for item in open_segment(probes)] == [4]
    assert [item.median_ms for item in anchor_measurements(probes)] == [1.0, 1.0]


def test_a_spoilt_probe_waits_for_no_check() -> None:
    assert open_segment([probe(0, 1.0), probe(1, 2.0, state="spoilt")]) == []


@pytest.mark.parametrize(("after_ms", "has_moved"), [(1.0, False), (1.02, False), (1.10, True), (0.90, True)])
def test_the_anchor_has_moved_when_its_change_is_more_than_noise(after_ms: float, has_moved: bool) -> None:
    before, after = measurement_of(1.0, block_count=5), measurement_of(after_ms, block_count=5)
    assert compare_anchor(before, after).has_moved is has_moved


def test_a_drift_between_segments_adds_to_the_uncertainty_of_the_earlier_one() -> None:
    probes = [probe(0, 1.0), probe(1, 2.0), probe(2, 1.0, is_check=True), probe(3, 2.2), probe(4, 1.1, is_check=True)]
    ratios = drift_log_ratios(probes)
    assert ratios["job-1"] == pytest.approx(0.0953, abs=1e-3)
    assert ratios["job-3"] == 0.0
