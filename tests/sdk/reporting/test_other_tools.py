"""Reports of other tools: stored beside the results of edgeprof, marked as theirs, compared without certainty."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import PLATFORM, measurement_of

import edgeprof as sdk
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import EdgeprofError, InvalidArgumentError
from edgeprof.store import Store
from edgeprof_predictor.tables.importers import PublishedTableError, import_latency_table

REPORTS = Path(__file__).parent / "reports"
"""Files as the tools wrote them: benchmark_app of OpenVINO 2026.4 and litert-benchmark of ai-edge-litert 2.3.

That of onnxruntime_perf_test, which has no package, was written by hand after the tool's source.
"""

TOOLS = {
    "benchmark_app.json": ("benchmark_app", "openvino", "network.onnx"),
    "litert_benchmark.json": ("litert-benchmark", "litert", "network.tflite"),
    "onnxruntime_perf_test.csv": ("onnxruntime_perf_test", "onnxruntime", "network"),
}


@pytest.fixture
def store(store_place: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The user's store with one result of edgeprof."""
    monkeypatch.setenv("EDGEPROF_STORE", store_place)
    with Store(store_place) as store:
        store.record_measurement("job-1", PLATFORM, measurement_of(5.0), model_name="network.onnx")
    return store_place


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", TOOLS)
def test_a_report_is_listed_beside_ours_with_the_name_of_its_tool(name: str) -> None:
    source, runtime, model = TOOLS[name]
    told = CliRunner().invoke(command, ["results", "--add", str(REPORTS / name), "--device", "pi4"])
    assert told.exit_code == 0, told.output
    assert f"result 2: {model} on pi4 by {source}" in told.stdout and "no verdict" in told.stdout
    theirs, ours = sdk.results()
    assert (theirs.source, theirs.setting.runtime, theirs.model) == (source, runtime, model)
    assert (ours.source, ours.number) == ("edgeprof", 1)
    assert [item.number for item in sdk.results(source=source)] == [2]
    assert [item.number for item in sdk.results(source="edgeprof")] == [1]
    listed = CliRunner().invoke(command, ["results"])
    assert f"no verdict, by {source}" in listed.stdout


@pytest.mark.usefixtures("store")
def test_each_report_gives_its_median_and_leaves_out_what_it_does_not_tell(tmp_path: Path) -> None:
    stated = {
        "benchmark_app.json": float(_json("benchmark_app.json")["execution_results"]["latency (ms)"]),
        "litert_benchmark.json": _json("litert_benchmark.json")["latency"]["median_ms"],
        "onnxruntime_perf_test.csv": 4.25,
    }
    for name, median_ms in stated.items():
        assert sdk.add_result(REPORTS / name, device="pi4").median_ms == pytest.approx(median_ms)
    sdk.results().export(tmp_path / "all.jsonl")
    rows = {row["source"]: row for row in map(json.loads, (tmp_path / "all.jsonl").read_text().splitlines())}
    assert (rows["benchmark_app"]["threads"], rows["benchmark_app"]["batch"]) == (1, 1)
    assert (rows["litert-benchmark"]["threads"], rows["litert-benchmark"]["batch"]) == (1, None)
    assert (rows["onnxruntime_perf_test"]["threads"], rows["onnxruntime_perf_test"]["batch"]) == (None, None)
    assert {source: row["verdict"] for source, row in rows.items() if row["verdict"]} == {"edgeprof": "stable"}
    assert {source for source, row in rows.items() if row["measurement"]} == {"edgeprof"}


@pytest.mark.usefixtures("store")
def test_no_difference_to_a_result_without_an_interval_is_certain_and_its_report_is_kept_as_it_was() -> None:
    report = REPORTS / "benchmark_app.json"
    sdk.add_result(report, device="pi4")
    told = CliRunner().invoke(command, ["results", "--compare", "1", "2"])
    assert told.exit_code == 0 and "without an interval: no difference is certain" in told.stdout
    assert "no verdict, by benchmark_app" in told.stdout and "source edgeprof and benchmark_app" in told.stdout
    shown = CliRunner().invoke(command, ["results", "--show", "2"])
    assert shown.exit_code == 0 and "neither a verdict nor an interval" in shown.stdout
    as_json = json.loads(CliRunner().invoke(command, ["results", "--show", "2", "--json"]).stdout)
    assert as_json["report"] == report.read_text()
    with pytest.raises(InvalidArgumentError, match="benchmark_app, which gives no measurement"):
        sdk.result(2)


def test_the_same_file_is_added_once_and_a_known_device_is_recognised(store: str) -> None:
    report = REPORTS / "litert_benchmark.json"
    first = sdk.add_result(report, device="pi4", model="mobilenet")
    assert (first.name, first.device_id, first.platform) == ("mobilenet", "", "pi4_litert-benchmark_litert_cpu")
    assert sdk.add_result(report, device="pi4").number == first.number
    for other in ({"device": "nano"}, {"device": "pi4", "model": "resnet"}):
        with pytest.raises(InvalidArgumentError, match="added before, as result 2: mobilenet on pi4; delete"):
            sdk.add_result(report, **other)
    assert len(sdk.results()) == 2
    with Store(store) as opened:
        assert opened.measurements(PLATFORM) == [measurement_of(5.0)]


@pytest.mark.usefixtures("store")
def test_a_result_of_another_tool_is_deleted_when_asked_to() -> None:
    sdk.add_result(REPORTS / "benchmark_app.json", device="pi4")
    told = CliRunner().invoke(command, ["results", "--source", "benchmark_app", "--delete", "--yes"])
    assert told.exit_code == 0 and "deleted 1 result" in told.stdout
    assert [item.number for item in sdk.results()] == [1]


@pytest.mark.usefixtures("store")
def test_nothing_is_fitted_to_what_another_tool_measured(tmp_path: Path) -> None:
    sdk.add_result(REPORTS / "benchmark_app.json", device="pi4")
    assert not sdk.results(space="nasbench201") and not sdk.results(source="benchmark_app", architecture="|none~0|")
    sdk.results(source="benchmark_app").export(tmp_path / "theirs.csv")
    with pytest.raises(PublishedTableError, match="the architecture is empty"):
        import_latency_table(tmp_path / "theirs.csv")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "no report that can be read"),
        ("[" * 100_000, "no report that can be read"),
        ('{"results": []}', "no report that can be read"),
        ('{"execution_results": {}}', "report of benchmark_app is incomplete"),
        (
            '{"accelerators": ["CPU"], "model": "a", "num_threads": 1, "latency": {"median_ms": 0}}',
            "a latency of 0.0 ms",
        ),
        ("m,nan.,1,1,0\n", "no report that can be read"),
        ("m,1e,1,1,0\n", "report of onnxruntime_perf_test is incomplete"),
    ],
)
def test_what_is_no_report_is_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "report").write_text(content)
    told = CliRunner().invoke(command, ["results", "--add", str(tmp_path / "report"), "--device", "pi4"])
    assert isinstance(told.exception, EdgeprofError) and sentence in str(told.exception)
    assert not sdk.results(source="benchmark_app")


@pytest.mark.usefixtures("store")
def test_the_device_has_to_be_named() -> None:
    told = CliRunner().invoke(command, ["results", "--add", str(REPORTS / "benchmark_app.json")])
    assert isinstance(told.exception, InvalidArgumentError) and "the device" in str(told.exception)


def _json(name: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads((REPORTS / name).read_text())
    return found
