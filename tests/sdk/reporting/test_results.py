"""Results are found in a real store, compared, and written in formats that other programs and `fit` read."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import PLATFORM, measurement_of

import edgeprof as sdk
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import EdgeprofError
from edgeprof.store import MeasurementRequest, Store
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.importers import import_latency_table
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement, MedianInterval

SPACE = get_space("nasbench201")
PLAN = MeasurementPlan().filled()
TEXTS = [SPACE.format(item) for item in SPACE.sample(3, seed=1)]


def measured(latency_ms: float, half_width_ms: float = 0.01, digest: str = "a") -> Measurement:
    interval = MedianInterval(
        median_ms=latency_ms, lower_ms=latency_ms - half_width_ms, upper_ms=latency_ms + half_width_ms, level=0.9
    )
    return replace(measurement_of(latency_ms, latency_ms), model_sha256=digest * 64, median_interval=interval)


@pytest.fixture
def store(store_place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The user's store: two benchmarks, and an onboarding of three networks, the first of them measured twice."""
    monkeypatch.setenv("EDGEPROF_STORE", store_place)
    with Store(store_place) as store:
        store.record_measurement("benchmark-1", PLATFORM, measured(2.0), model_name="mobilenet.onnx")
        store.record_measurement("benchmark-2", PLATFORM, measured(3.0), model_name="mobilenet.onnx")
        session = store.resume_or_begin_session(PLATFORM, SPACE.name, 0, purpose="onboarding")
        store.plan_probes(session, [*TEXTS, TEXTS[0]])
        for probe, latency_ms in zip(store.probes(session), (5.0, 6.0, 7.0, 4.9), strict=True):
            attempt = store.begin_attempt(session, probe, MeasurementRequest(setting=PLATFORM.setting, plan=PLAN))
            store.record_measurement(attempt.job_id, PLATFORM, measured(latency_ms, digest="bcdb"[probe.ordinal]))
        yield store


def listed(*arguments: str) -> list[float]:
    told = CliRunner().invoke(command, ["results", "--json", *arguments])
    assert told.exit_code == 0, told.output
    return [row["latency_ms"] for row in json.loads(told.stdout)]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "latencies_ms"),
    [
        ((), [4.9, 7.0, 6.0, 5.0, 3.0, 2.0]),
        (("--limit", "2"), [4.9, 7.0]),
        (("--model", "MOBILE*"), [3.0, 2.0]),
        (("--model", "cccccccc"), [6.0]),
        (("--space", "nasbench201"), [4.9, 7.0, 6.0, 5.0]),
        (("--architecture", TEXTS[0]), [4.9, 5.0]),
        (("--fastest", "--space", "nasbench201"), [4.9, 7.0, 6.0]),
        (("--device", "board"), [4.9, 7.0, 6.0, 5.0, 3.0, 2.0]),
        (("--device", "another"), []),
        (("--runtime", "openvino"), []),
        (("--verdict", "noisy"), []),
        (("--since", "2100-01-01"), []),
        (("--until", "2020-01-01"), []),
    ],
)
def test_results_are_found_by_what_they_were_measured_on(arguments: tuple[str, ...], latencies_ms: list[float]) -> None:
    assert listed(*arguments) == latencies_ms


@pytest.mark.usefixtures("store")
def test_a_list_names_what_was_measured_and_one_result_shows_its_evidence() -> None:
    told = CliRunner().invoke(command, ["results"])
    assert "mobilenet.onnx" in told.stdout and TEXTS[1] in told.stdout and "2.99 to 3.01 ms" in told.stdout
    one = CliRunner().invoke(command, ["results", "--show", "2"])
    assert one.exit_code == 0 and "result 2: mobilenet.onnx" in one.stdout and "verdict" in one.stdout
    whole = json.loads(CliRunner().invoke(command, ["results", "--show", "2", "--json"]).stdout)
    assert whole["measurement"]["blocks"][-1]["latency_ms"] == [3.0, 3.0]


@pytest.mark.usefixtures("store")
def test_a_list_of_thousands_is_printed_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeprof.cli.results.MOST_LAID_OUT", 1)
    heading, newest, *_, oldest = CliRunner().invoke(command, ["results"]).stdout.splitlines()
    assert len({line.index(text) for line, text in ((heading, "verdict"), (newest, "stable"), (oldest, "stable"))}) == 1
    assert newest.startswith("     6  ") and TEXTS[0] in newest and PLATFORM.name in newest
    assert "mobilenet.onnx" in oldest and "2 ms  1.99 to 2.01 ms" in oldest


@pytest.mark.usefixtures("store")
def test_two_results_differ_for_certain_only_beyond_their_intervals_and_the_scatter_between_times() -> None:
    slower = CliRunner().invoke(command, ["results", "--compare", "1", "2"])
    assert "1.500" in slower.stdout and "slower for certain" in slower.stdout
    same = json.loads(CliRunner().invoke(command, ["results", "--compare", "3", "6", "--json"]).stdout)
    assert not same["is_certain"] and same["lower"] < 1 < same["upper"]
    assert [change["what"] for change in same["changes"]] == []


@pytest.mark.usefixtures("store")
def test_an_exported_table_of_a_space_is_one_that_import_reads(tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl"):
        path = tmp_path / f"table{suffix}"
        told = CliRunner().invoke(command, ["results", "--space", SPACE.name, "--fastest", "--export", str(path)])
        assert told.exit_code == 0, told.output
        table = import_latency_table(path).table
        assert sorted(table.latencies_of(PLATFORM.name)) == [4.9, 6.0, 7.0]


def test_exports_hold_the_same_rows_and_json_lines_every_run(store: Store, tmp_path: Path) -> None:
    import pandas

    found = sdk.results(store=store)
    found.export(tmp_path / "all.parquet")
    found.export(tmp_path / "all.jsonl")
    pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "all.parquet"), found.frame(), check_dtype=False)
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert lines[-1]["measurement"]["blocks"][-1]["latency_ms"] == [2.0, 2.0]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--show", "99"], "holds no result 99"),
        (["--export", "table.xls"], "must end in one of .csv, .jsonl, .parquet"),
        (["--export", "table.csv", "--space", "fbnet"], "no such result to export"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], sentence: str) -> None:
    told = CliRunner().invoke(command, ["results", *arguments])
    assert isinstance(told.exception, EdgeprofError) and sentence in str(told.exception)
    assert CliRunner().invoke(command, ["results", "--show", "1", "--export", "a.csv"]).exit_code == 2


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["results", "--show", "1", "--device", "board"], "--show makes no use of --device"),
        (["results", "--compare", "1", "2", "--fastest"], "--compare makes no use of --fastest"),
        (["results", "--add", __file__, "--device", "pi", "--space", "fbnet"], "--add makes no use of --space"),
        (["results", "--over-time", "--model", "a", "--limit", "5"], "--over-time makes no use of --limit"),
        (["results", "--delete", "--device", "board", "--limit", "5"], "--delete makes no use of --limit"),
        (["report", "1", "--fastest"], "the page of 1 makes no use of --fastest"),
        (["report", "1", "2", "--models"], "the page of 1 and 2 makes no use of --models"),
        (["report", "found.json", "--space", "fbnet"], "the page of found.json makes no use of --space"),
        (["report", "pi.edgeprof", "--device", "pi"], "a profile's page makes no use of --device"),
        (["report", "pi.edgeprof", "--models", "--space", "fbnet"], "--space and --models name different profiles"),
        (["report", "--models"], "a table of results makes no use of --models"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(arguments: list[str], sentence: str) -> None:
    told = CliRunner().invoke(command, arguments)
    assert told.exit_code == 2 and sentence in " ".join(told.stderr.split())


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("options", "count"), [((), 6), (("--limit", "2"), 2), (("--limit", "2", "--fastest"), 2)])
def test_an_export_keeps_to_a_limit_that_is_given(options: tuple[str, ...], count: int, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    told = CliRunner().invoke(command, ["results", "--export", str(path), *options])
    assert told.exit_code == 0 and told.stdout.startswith(f"{count} results")
    assert len(path.read_text().splitlines()) == count


@pytest.mark.parametrize("number", [-1, 0, 2**31, 10**30])
def test_a_number_that_no_result_has_is_one_sentence(number: int, store: Store) -> None:
    with pytest.raises(EdgeprofError, match=f"holds no result {number}"):
        sdk.result(number, store=store)


def test_times_without_a_zone_are_local_times(store: Store) -> None:
    now = datetime.now()
    assert len(sdk.results(since=now - timedelta(minutes=5), until=now + timedelta(minutes=5))) == 6
    assert not sdk.results(since=datetime.now(timezone.utc) + timedelta(minutes=5))
