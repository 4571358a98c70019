"""`edgeprof collect`: a table that grows, is resumed and can be fitted to."""

import csv
from pathlib import Path

import pytest

import edgeprof
from edgeprof.fleet.collected_table import CollectedTable
from edgeprof.fleet.collection_part import PART_SIZE, CollectedNetwork, CollectedPart, left_of, parts_of
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SHORT = MeasurementPlan(timed_duration_ms=100.0)
PI, NANO = (edgeprof.NamedDevice(name=name, address=f"{name}:1") for name in ("pi", "nano"))


@pytest.mark.usefixtures("lab")
def test_a_table_goes_on_where_it_stopped_and_is_what_import_reads(tmp_path: Path) -> None:
    def collect(count: int, *devices: str) -> edgeprof.Collected:
        return edgeprof.collect(devices, "nasbench201", count, tmp_path / "table.csv", plan=SHORT)

    def job_count() -> int:
        with edgeprof.connect("one") as client:
            return len(list(client.jobs()))

    assert len(collect(2, "one").architectures) == 2
    # The anchor and another network, each twice, and the anchor at the end.
    before = job_count()
    collect(2, "one")
    assert job_count() == before
    collected = collect(3, "one", "two")
    # One network more, twice, between two measurements of the anchor and a last one.
    assert before < job_count() <= before + 6
    table = edgeprof.import_table(tmp_path / "table.csv").table
    names = [f"{name}_simulated-1_cpu_float32_threads-1_batch-1" for name in ("one", "two")]
    assert table.platforms == tuple(names)
    assert table.latency_ms.shape == (2, 3)
    assert [item.name for outcome in collected.outcomes for item in outcome.result or ()] == names


def test_devices_that_all_fail_leave_the_table_of_before(tmp_path: Path, own_edgeprof_folders: object) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before")
    collected = edgeprof.collect("127.0.0.1:1", "nasbench201", 2, path)
    assert (collected.architectures, path.read_text()) == ((), "before")
    assert collected.outcomes[0].failure


def test_parts_share_the_anchor_and_say_what_is_left_of_them() -> None:
    names = [f"n{number}" for number in range(PART_SIZE + 3)]
    first, second = parts_of(names)
    assert len(first) == PART_SIZE + 1 and second == ("n0", "n25", "n26")
    done = _part(5.0, n0=5.0, n25=7.0)
    assert left_of(second, [done]) == ("n0", "n26")
    assert left_of(second, [done, CollectedPart(networks=(), failed=("n26",), anchor_ms=None)]) == ()
    assert parts_of(["n0"]) == [("n0",)]


def test_rows_are_the_networks_of_all_platforms_and_say_how_slow_the_anchor_was(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with CollectedTable(path, ["n0", "n1", "n2", "n3"]) as table:
        table.add(PI, _platform(), _part(5.0, n0=5.0, n1=7.0))
        drifted = table.add(PI, _platform(), _part(5.5, n0=5.5, n2=9.0))
        table.add(NANO, _platform(), _part(2.0, n0=2.0, n1=3.0, n2=4.0, n3=5.0))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["device_name"], row["architecture"], row["latency_ms"], row["anchor_ratio"]) for row in rows] == [
        ("pi", "n0", "5", "1"),
        ("pi", "n1", "7", "1"),
        ("pi", "n2", "9", "1.1"),
        ("nano", "n0", "2", "1"),
        ("nano", "n1", "3", "1"),
        ("nano", "n2", "4", "1"),
    ]
    assert drifted.drifted_count() == 1


@pytest.mark.parametrize(
    ("count", "name", "text"), [(1, "table.csv", "number of networks"), (5, "table.npz", "written as .csv")]
)
def test_what_makes_no_table_is_refused_before_anything_is_measured(
    count: int, name: str, text: str, tmp_path: Path
) -> None:
    with pytest.raises(edgeprof.EdgeprofError, match=text):
        edgeprof.collect("127.0.0.1:1", "nasbench201", count, tmp_path / name)


def _part(anchor_ms: float, **latencies: float) -> CollectedPart:
    networks = tuple(
        CollectedNetwork(architecture=name, latency_ms=latency_ms, relative_sd=0.01, is_converged=True)
        for name, latency_ms in latencies.items()
    )
    return CollectedPart(networks=networks, failed=(), anchor_ms=anchor_ms)


def _platform() -> Platform:
    return Platform(device_id="1", device_name="board", setting=Setting(runtime="simulated"))
