"""A pair of a comparison counts where its two measurements were taken one after the other."""

import dataclasses
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from factories import measurement_of, model_of, probe_of

import edgeprof
from edgeprof.measuring.pairs import MAX_GAP_S, Pair, counted_pairs, measuring_order, planned_pair_count
from edgeprof.store import Probe, Store
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement

SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)


def probes_of(gaps_s: Sequence[float]) -> list[Probe]:
    """Measured probes of pairs whose halves start so many seconds one after the other."""
    found: list[Probe] = []
    for number, gap_s in enumerate(gaps_s):
        for side, start_time in (("a", 1e5 * number), ("b", 1e5 * number + gap_s)):
            probe = probe_of(len(found), 1.0, architecture=side)
            found.append(dataclasses.replace(probe, measurement=measurement_of(1.0, start_time=start_time)))
    return found


def test_the_order_of_more_pairs_begins_with_that_of_fewer() -> None:
    order = measuring_order(20, seed=3)
    assert order[:10] == measuring_order(5, seed=3)
    assert all({*order[index : index + 2]} == {"a", "b"} for index in range(0, 40, 2))


def test_the_gap_lies_between_the_end_of_one_and_the_start_of_the_other() -> None:
    first, second = measurement_of(1.0, start_time=100.0), measurement_of(1.0, start_time=150.0)
    gap_s = 50.0 - first.total_ms / 1_000
    assert Pair(a=first, b=second, is_a_first=True).gap_s == pytest.approx(gap_s)
    assert Pair(a=second, b=first, is_a_first=False).gap_s == pytest.approx(gap_s)
    assert Pair(a=first, b=first, is_a_first=True).gap_s == 0.0


def test_far_pairs_are_replaced_up_to_as_many_as_were_asked_for() -> None:
    far = 2 * MAX_GAP_S
    assert planned_pair_count([], 5) == 5
    assert planned_pair_count(probes_of([1, 1, 1, 1, 1]), 5) == 5
    assert planned_pair_count(probes_of([1, far, 1, far]), 5) == 7
    # The replacement is itself far apart.
    assert planned_pair_count(probes_of([1, far, 1, 1, 1, far]), 5) == 7
    assert planned_pair_count(probes_of([far] * 30), 5) == 10


def test_far_pairs_count_only_where_there_are_too_few_others() -> None:
    far = 2 * MAX_GAP_S
    assert [pair.gap_s < far / 2 for pair in counted_pairs(probes_of([1, far, 1, 1, 1, 1]), 5)] == [True] * 5
    always_far = counted_pairs(probes_of([far] * 9 + [1]), 5)
    assert [pair.gap_s < far / 2 for pair in always_far] == [False] * 4 + [True]


def test_a_pair_that_an_interruption_has_pulled_apart_is_measured_anew(
    simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    space = get_space("nasbench201")
    models = [model_of(space, architecture) for architecture in space.sample(2, seed=1)]
    a, b = (edgeprof.Candidate(name=path.name, model=path, setting=simulated_device.setting) for path in models)
    path = tmp_path / "store.sqlite3"
    measured: list[Measurement] = []

    def interrupt(candidate: edgeprof.Candidate, measurement: Measurement) -> None:
        measured.append(measurement)
        if len(measured) == 3:
            raise KeyboardInterrupt

    with edgeprof.connect(simulated_device.address) as client:
        with pytest.raises(KeyboardInterrupt):
            edgeprof.compare(client, a, b, pair_count=5, plan=SHORT, store=path, on_measurement=interrupt)
        # As if the interruption had lasted for an hour.
        with sqlite3.connect(path) as rows:
            rows.execute(
                "UPDATE measurement SET record = json_set(record, '$.start_time', record ->> '$.start_time' - 3600)"
            )
        found = edgeprof.compare(
            client, a, b, pair_count=5, plan=SHORT, store=path, on_measurement=lambda _, item: measured.append(item)
        )
    assert len(found.pairs) == 5 and len(measured) == 12
    assert max(pair.gap_s for pair in found.pairs) < 60
    with Store(path) as store:
        # Both run in the same setting.
        assert len(store.measurements(found.platform("a"))) == 12
