"""One model before and after updates: where it became slower, by how much, and whether that is certain."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import PLATFORM, measurement_of
from sqlalchemy import text
from stores import engine_of

import edgeprof as sdk
from edgeprof.cli.main import edgeprof as command
from edgeprof.store import Store
from edgeprof_proto.records.measurement import MedianInterval, Verdict, VerdictKind

MODEL = "mobilenet.onnx"

HISTORY = (
    # Date, median in ms, version of the runtime, kernel, verdict.
    ("2026-01-10", 10.0, "1.31", "6.1", "stable"),
    ("2026-01-11", 10.1, "1.31", "6.1", "stable"),
    ("2026-01-12", 19.0, "1.31", "6.1", "noisy"),
    ("2026-01-20", 12.0, "1.32", "6.1", "stable"),
    ("2026-01-21", 12.1, "1.32", "6.1", "stable"),
    ("2026-01-25", 12.2, "1.32", "6.6", "stable"),
    ("2026-07-25", 13.5, "1.32", "6.6", "stable"),
)


@pytest.fixture
def store(store_place: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The user's store with a history of one model, and one result of another."""
    monkeypatch.setenv("EDGEPROF_STORE", store_place)
    with Store(store_place) as store:
        for number, (_, median_ms, version, _, verdict) in enumerate(HISTORY, start=1):
            setting = replace(PLATFORM.setting, runtime_version=version)
            store.record_measurement(
                f"job-{number}",
                replace(PLATFORM, setting=setting),
                replace(
                    measurement_of(median_ms),
                    setting=setting,
                    verdict=Verdict(kind=VerdictKind(verdict)),
                    median_interval=MedianInterval(
                        median_ms=median_ms, lower_ms=0.99 * median_ms, upper_ms=1.01 * median_ms, level=0.9
                    ),
                ),
                model_name=MODEL,
            )
        store.record_measurement(
            "other", PLATFORM, replace(measurement_of(3.0), model_sha256="1" * 64), model_name="other.onnx"
        )
    with engine_of(store_place) as engine, engine.begin() as rows:
        # What the clock and the device said then.
        for number, (date, _, _, kernel, _) in enumerate(HISTORY, start=1):
            change = text("UPDATE measurement SET create_time = :time, kernel = :kernel WHERE sequence = :number")
            rows.execute(change, {"time": f"{date} 12:00:00", "kernel": kernel, "number": number})
    return store_place


@pytest.mark.usefixtures("store")
def test_a_period_begins_with_each_change_and_after_a_season_and_is_compared_by_its_typical_result() -> None:
    (history,) = sdk.over_time(sdk.results(model=MODEL))
    assert [[item.number for item in period.results] for period in history.periods] == [[1, 2, 3], [4, 5], [6], [7]]
    assert [period.change for period in history.periods] == [
        "",
        "runtime version 1.31 to 1.32",
        "kernel 6.1 to 6.6",
        "181 days without a result",
    ]
    # The noisy result stands for nothing where there are stable ones.
    assert [period.typical.median_ms for period in history.periods] == [10.0, 12.0, 12.2, 13.5]
    ratios = [period.against_previous and round(period.against_previous.ratio, 3) for period in history.periods]
    assert ratios == [None, 1.2, 1.017, 1.107]
    assert [period.change for period in history.slower] == [history.periods[1].change, history.periods[3].change]
    last = history.periods[-1].against_first
    assert last is not None and last.is_certain and last.ratio == pytest.approx(1.35)


@pytest.mark.usefixtures("store")
def test_the_command_says_it_in_a_table_in_sentences_and_in_json() -> None:
    told = CliRunner().invoke(command, ["results", "--over-time", "--model", MODEL])
    assert told.exit_code == 0, told.output
    assert "slower by 20.0% for certain since 2026-01-20: runtime version 1.31 to 1.32" in told.stdout
    assert "+1.7%" in told.stdout and "kernel 6.1 to 6.6" in told.stdout
    listed = CliRunner().invoke(command, ["results", "--over-time", "--model", MODEL, "--json"])
    (history,) = json.loads(listed.stdout)
    assert [period["numbers"] for period in history["periods"]] == [[1, 2, 3], [4, 5], [6], [7]]
    assert history["periods"][0]["against_previous"] is None
    assert history["periods"][1]["against_previous"]["is_certain"]
    assert history["periods"][1]["typical"]["runtime_version"] == "1.32"


@pytest.mark.usefixtures("store")
def test_it_is_drawn_with_what_changed(tmp_path: Path) -> None:
    picture = tmp_path / "history.svg"
    asked = ["results", "--over-time", "--model", MODEL, "--picture", str(picture)]
    told = CliRunner().invoke(command, asked)
    assert told.exit_code == 0, told.output
    # Matplotlib writes each text that it draws into a comment.
    drawn = picture.read_text()
    assert "<!-- runtime version 1.31 to 1.32 -->" in drawn and f"<!-- {MODEL} -->" in drawn
    several = CliRunner().invoke(command, ["results", "--over-time", "--model", "*.onnx", "--picture", str(picture)])
    assert several.exit_code == 2 and "these results are of 2" in several.stderr


@pytest.mark.usefixtures("store")
def test_models_and_devices_are_told_apart_and_one_has_to_be_named() -> None:
    histories = sdk.over_time(sdk.results())
    assert [history.subject.model for history in histories] == ["other.onnx", MODEL]
    assert [len(history.periods) for history in histories] == [1, 4]
    assert sdk.over_time([]) == []
    assert CliRunner().invoke(command, ["results", "--over-time"]).exit_code == 2
    assert "no such result" in CliRunner().invoke(command, ["results", "--over-time", "--model", "none"]).stdout


def test_what_was_not_kept_is_no_change(store: str) -> None:
    with engine_of(store) as engine, engine.begin() as rows:
        rows.execute(text("UPDATE measurement SET kernel = NULL WHERE sequence < 6"))
    (history,) = sdk.over_time(sdk.results(model=MODEL))
    assert [len(period.results) for period in history.periods] == [3, 3, 1]
