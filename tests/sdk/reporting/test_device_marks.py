"""Boards of one model are told apart wherever their results are shown, and never put together."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import SETTING, measurement_of

import edgeprof as sdk
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import InvalidArgumentError
from edgeprof.store import Store
from edgeprof.store.platform import device_with
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext

MODEL = "mobilenet.onnx"

IDS = ("4f1c2d3e-aaaa", "4f1c2d3e-bbbb", "90ab12cd-cccc")

NAME = "Raspberry Pi 4"


def board(device_id: str) -> Device:
    return Device(
        device_id=device_id,
        host_name="raspberrypi",
        board=NAME,
        cpu=Cpu(architecture="aarch64", model="Cortex-A72", core_count=4),
        operating_system="Linux",
        kernel="Linux 6.1",
        execution_context=ExecutionContext(python_version="3.11"),
        limits=AgentLimits(
            model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=0, queued_job_count=1, job_duration_s=1.0
        ),
    )


@pytest.fixture
def store(tmp_path: Path, own_edgeprof_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One model on three boards of one name; the board of number 2 has a name on this host."""
    path = tmp_path / "store.sqlite3"
    monkeypatch.setenv("EDGEPROF_STORE", str(path))
    with Store(path) as store:
        for number, device_id in enumerate(IDS, start=1):
            device = board(device_id)
            store.record_device(device, f"board{number}:1")
            store.record_measurement(
                f"job-{number}", device_with(device, SETTING), measurement_of(float(number)), model_name=MODEL
            )
    sdk.add_device("board2:1", "kitchen")
    return path


def told(*arguments: str) -> str:
    done = CliRunner().invoke(command, ["results", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.usefixtures("store")
def test_each_is_named_by_its_name_on_this_host_or_by_as_much_of_its_id_as_tells_it_apart() -> None:
    names = [found.device for found in reversed(sdk.results())]
    assert names == [f"{NAME} (4f1c2d3e-a)", f"{NAME} (kitchen)", f"{NAME} (90ab12cd)"]
    listed = told()
    for mark in ("4f1c2d3e-a", "kitchen", "90ab12cd"):
        assert f"raspberry-pi-4-{mark}_onnxruntime" in listed
    # What narrows a list changes no name in it.
    assert "raspberry-pi-4-kitchen_onnxruntime" in told("--device", "kitchen")
    assert "(90ab12cd) at board3:1" in told("--show", "3")
    assert f"device {NAME} (4f1c2d3e-a) and {NAME} (kitchen)" in " ".join(told("--compare", "1", "2").split())


@pytest.mark.usefixtures("store")
def test_their_results_are_not_put_together(tmp_path: Path) -> None:
    found = sdk.results(model=MODEL)
    assert len(found.fastest()) == 3
    histories = sdk.over_time(found)
    assert [[one.number for one in history.periods[0].results] for history in histories] == [[3], [2], [1]]
    assert told("--over-time", "--model", MODEL).count(f"{MODEL} on raspberry-pi-4-") == 3
    found.export(tmp_path / "all.csv")
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines()))
    assert len({row["platform"] for row in rows}) == 3 and {row["device_name"] for row in rows} == {NAME}
    assert len(sdk.report(found)["models"]["platforms"]) == 3


def test_a_board_without_a_namesake_keeps_its_name(store: Path) -> None:
    with Store(store) as opened:
        jetson = replace(board("another"), board="Jetson")
        opened.record_device(jetson, "jetson:1")
        opened.record_measurement("alone", device_with(jetson, SETTING), measurement_of(1.0))
    newest = json.loads(told("--limit", "1", "--json"))[0]
    assert newest["platform"].startswith("jetson_onnxruntime") and newest["device_name"] == "Jetson"


def test_the_name_of_an_address_is_that_of_the_device_last_seen_there(store: Path) -> None:
    with Store(store) as opened:
        opened.record_device(board(IDS[0]), "board2:1")
    assert [found.device_mark for found in reversed(sdk.results())] == ["kitchen", "4f1c2d3e-b", "90ab12cd"]


@pytest.mark.usefixtures("store")
def test_a_report_is_not_given_to_one_of_several_devices_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("network,0.001,0,0,0\n")
    with pytest.raises(InvalidArgumentError, match="3 devices are called 'raspberry pi 4': name one by its address"):
        sdk.add_result(tmp_path / "report", device="raspberry pi 4")
    assert sdk.add_result(tmp_path / "report", device="kitchen").device == f"{NAME} (kitchen)"
