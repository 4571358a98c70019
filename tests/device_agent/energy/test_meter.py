"""Energy through a real agent and a real engine, with sensors in a folder that changes as a kernel's does."""

import asyncio
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from device_agent.agent_process import StartAgent

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.store import Store
from edgeprof_agent.energy.meter import EnergyMeter
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

SERVED = Path(__file__).with_name("served.py")
PLAN = MeasurementPlan(
    warmup_run_count=1, warmup_duration_ms=1.0, timed_run_count=5, timed_duration_ms=600.0, block_count=4
)
ONNXRUNTIME = Setting(runtime="onnxruntime")
INPUT_POWER_W = 5.0
PACKAGE_POWER_W = 20.0


@contextmanager
def counting(path: Path) -> Iterator[None]:
    """Have a counter rise by `PACKAGE_POWER_W`, as long as the block lasts."""
    is_over = threading.Event()

    def count() -> None:
        while not is_over.wait(0.002):
            next_to_it = path.with_suffix(".new")
            next_to_it.write_text(f"{round(time.monotonic() * PACKAGE_POWER_W * 1e6)}\n")
            os.replace(next_to_it, path)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A board whose input takes 5 W all the time, and whose processor counts its energy."""
    root = tmp_path / "board"
    files = {
        "sys/class/hwmon/hwmon0/name": "ina226\n",
        "sys/class/hwmon/hwmon0/shunt_resistor": "10000\n",
        "sys/class/hwmon/hwmon0/power1_label": "VDD_IN\n",
        "sys/class/hwmon/hwmon0/power1_input": f"{round(INPUT_POWER_W * 1e6)}\n",
        "sys/class/powercap/intel-rapl:0/name": "package-0\n",
        "sys/class/powercap/intel-rapl:0/energy_uj": "0\n",
        "sys/class/powercap/intel-rapl:0/max_energy_range_uj": "262143328850\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def mean_ms(measurement: Measurement) -> float:
    runs = [latency_ms for block in measurement.timed_blocks for latency_ms in block.latency_ms]
    return sum(runs) / len(runs)


def test_a_real_agent_tells_the_energy_of_a_run_by_each_sensor(
    start_agent: StartAgent, board: Path, write_convolutions: Callable[[Path], Path], tmp_path: Path
) -> None:
    agent = start_agent(command=(sys.executable, str(SERVED)), TEST_ROOT=str(board), RUNTIMES="onnxruntime")
    model = write_convolutions(tmp_path / "model.onnx")
    counter = board / "sys/class/powercap/intel-rapl:0/energy_uj"
    with counting(counter), edgeprof.connect(agent.address) as client, Store(tmp_path / "store.sqlite") as store:
        result = edgeprof.benchmark(client, model, setting=ONNXRUNTIME, plan=PLAN, store=store)
        kept = store.measurement(result.job_id)
        (told,) = client.measure_series([model], ONNXRUNTIME, job_id="series", plan=PLAN)
    assert kept is not None and kept.energy_uses == result.measurement.energy_uses
    assert told.measurement is not None
    for measurement in (result.measurement, told.measurement):
        board_input, package = measurement.energy_uses
        assert (board_input.sensor, board_input.is_counter) == ("ina226 VDD_IN", False)
        assert board_input.mean_power_mw == pytest.approx(INPUT_POWER_W * 1e3)
        assert board_input.idle_power_mw == pytest.approx(INPUT_POWER_W * 1e3)
        assert board_input.run_count == sum(len(block.latency_ms) for block in measurement.timed_blocks)
        assert board_input.run_energy_mj == pytest.approx(INPUT_POWER_W * mean_ms(measurement))
        # Four blocks of 0.15 s: one reading at either end, and one each 0.05 s.
        assert board_input.reading_count >= 4 * 3
        # The thread that raises the counter may wait for a core meanwhile.
        assert (package.sensor, package.is_counter, package.reading_count) == ("RAPL package-0", True, 8)
        assert package.mean_power_mw == pytest.approx(PACKAGE_POWER_W * 1e3, rel=0.4)
        assert package.idle_power_mw == pytest.approx(PACKAGE_POWER_W * 1e3, rel=0.4)
        assert board_input.uncertainty_mj == pytest.approx(6.25e-3 / 2 * mean_ms(measurement))
        assert package.uncertainty_mj is not None and 0 < package.uncertainty_mj < package.run_energy_mj


def test_the_command_prints_energy_where_a_sensor_tells_it_and_else_not_reported(
    start_agent: StartAgent, board: Path, write_convolutions: Callable[[Path], Path], tmp_path: Path
) -> None:
    agent = start_agent(command=(sys.executable, str(SERVED)), TEST_ROOT=str(board), RUNTIMES="onnxruntime")
    paths = [str(write_convolutions(tmp_path / name)) for name in ("a.onnx", "b.onnx")]

    def run(*arguments: str) -> str:
        short = ("--effort", "quick", "--min-time", "0.05s", "--num-runs", "5")
        asked = ["benchmark", *arguments, "--device", agent.address, *short]
        done = CliRunner().invoke(command, asked)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "a run by ina226 VDD_IN (mean 5 W; idle before 5 W, not subtracted)" in run(paths[0])
    table = run(*paths)
    assert "energy a run" in table and "Energies are those of ina226 VDD_IN" in table
    rows = json.loads(run(*paths, "--json"))
    assert all(row["run_energy_mj"] > 0 and row["energy_sensor"] == "ina226 VDD_IN" for row in rows)
    for name in ("hwmon", "powercap"):
        shutil.rmtree(board / "sys/class" / name)
    assert "energy a run" not in run(*paths)
    assert " ".join(run(paths[0]).split()).count("energy not reported") == 1


def test_the_idle_power_is_taken_once_a_minute_and_anew_where_sensors_have_changed(board: Path) -> None:
    now = [0.0]
    meter = EnergyMeter(board, clock=lambda: now[0])
    power = board / "sys/class/hwmon/hwmon0/power1_input"

    async def idle_mw() -> float | None:
        before = now[0]

        async def pass_time() -> None:
            now[0] = before + 0.3

        passing = asyncio.ensure_future(pass_time())
        await meter.begin_job()
        await passing
        meter.begin_block()
        now[0] += 0.1
        meter.end_block(LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(100.0,)))
        return meter.take()[0].idle_power_mw

    assert asyncio.run(idle_mw()) == pytest.approx(5_000.0)
    power.write_text("7000000\n")
    assert asyncio.run(idle_mw()) == pytest.approx(5_000.0)
    now[0] += 60.0
    assert asyncio.run(idle_mw()) == pytest.approx(7_000.0)
    power.write_text("9000000\n")
    shutil.rmtree(board / "sys/class/powercap")
    assert asyncio.run(idle_mw()) == pytest.approx(9_000.0)
