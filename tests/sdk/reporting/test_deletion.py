"""Results go when the user says so, and only what no session needs."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from click.testing import CliRunner
from factories import PLATFORM, measurement_of

import edgeprof as sdk
from edgeprof.cli.main import edgeprof as command
from edgeprof.measuring.anchor import latency_estimates
from edgeprof.store import MeasurementRequest, SessionRecord, Store
from edgeprof_proto.records.job_spec import MeasurementPlan

REQUEST = MeasurementRequest(setting=PLATFORM.setting, plan=MeasurementPlan().filled())


def measured_session(store: Store, purpose: str) -> SessionRecord:
    """A session of two networks; one was tried twice."""
    session = store.resume_or_begin_session(PLATFORM, "fbnet", 0, purpose=purpose)
    store.plan_probes(session, ["a", "b"])
    first, second = store.probes(session)
    store.end_attempt(store.begin_attempt(session, first, REQUEST), "REASON", "cancelled", is_given_up=False)
    for probe in (first, second):
        attempt = store.begin_attempt(session, probe, REQUEST)
        store.record_measurement(attempt.job_id, PLATFORM, measurement_of(2.0, block_count=5))
    return session


@pytest.fixture
def store(store_place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Two benchmarks, an onboarding that has ended and wrote a profile, and one that goes on."""
    monkeypatch.setenv("EDGEPROF_STORE", store_place)
    with Store(store_place) as store:
        for name in ("one", "two"):
            store.record_measurement(name, PLATFORM, measurement_of(1.0), model_name=f"{name}.onnx")
        ended = measured_session(store, "models")
        store.record_decision(ended, {"profile": "/some/file.edgeprof"})
        store.end_session(ended, datetime.now(timezone.utc))
        measured_session(store, "onboarding")
        yield store


def run(*arguments: str, answer: str = "") -> tuple[int, str]:
    told = CliRunner().invoke(command, ["results", "--delete", *arguments], input=answer)
    return told.exit_code, told.output


def numbers() -> list[int]:
    return [result.number for result in sdk.results()]


def test_nothing_goes_before_the_user_agrees_and_sessions_in_progress_stay(store: Store) -> None:
    before = numbers()
    status, said = run("--until", "2100-01-01", answer="n\n")
    assert status == 1 and numbers() == before and said.endswith("nothing is deleted\n")
    assert "4 results would go, stored from" in said and "of board" in said
    assert "2 results stay: sessions that have not ended need them" in said
    status, said = run("--until", "2100-01-01", answer="y\n")
    assert (status, said.splitlines()[-1]) == (0, "deleted 4 results")
    assert numbers() == before[:2]
    # The session in progress goes on with what it had, and where the profile is stays known.
    goes_on = store.resume_or_begin_session(PLATFORM, "fbnet", 0, purpose="onboarding")
    assert goes_on.is_resumed and [probe.state for probe in store.probes(goes_on)] == ["measured", "measured"]
    assert store.decisions(PLATFORM, purpose="models") == [{"profile": "/some/file.edgeprof"}]
    assert sum(len(latency_estimates(store.probes(one))) for one in store.sessions(PLATFORM, "fbnet")) == 2


def test_a_session_that_has_ended_goes_whole_or_not_at_all(store: Store) -> None:
    found = sdk.results(space="fbnet", store=store)
    deletion = found[-1:].delete()
    assert (len(deletion.results), deletion.in_part_count, deletion.in_progress_count) == (0, 1, 0)
    assert len(found[-2:].delete().results) == 2
    assert [result.purpose for result in sdk.results(space="fbnet")] == ["onboarding", "onboarding"]


def test_numbers_are_not_given_again(store: Store) -> None:
    store.record_measurement("last", PLATFORM, measurement_of(1.0), model_name="last.onnx")
    last = numbers()[0]
    told = CliRunner().invoke(command, ["results", "--delete", "--model", "last.onnx", "--yes", "--json"])
    assert json.loads(told.stdout) == {"deleted": [last], "kept_in_progress": 0, "kept_in_part": 0}
    store.record_measurement("next", PLATFORM, measurement_of(1.0))
    assert numbers()[0] == last + 1


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ((), 2, "must be told what"),
        (("--device", "board", "--fastest"), 2, "must be told what"),
        (("--device", "board", "--export", "a.csv"), 2, "do different things"),
        (("--device", "another"), 0, "no result would go"),
    ],
)
def test_what_is_not_told_is_not_deleted(arguments: tuple[str, ...], status: int, sentence: str) -> None:
    before = numbers()
    done, said = run(*arguments)
    assert done == status and sentence in said and numbers() == before


def test_results_of_before_a_time_go(store: Store) -> None:
    assert not sdk.results(until=datetime.now() - timedelta(minutes=5)).delete().results
    assert len(sdk.results(until=datetime.now() + timedelta(minutes=5), model="one.onnx").delete().results) == 1
