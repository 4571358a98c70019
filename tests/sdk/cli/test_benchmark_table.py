"""`edgeprof benchmark` with several models and runtimes, on real engines in a real agent."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import model_of

import edgeprof as sdk
from edgeprof.cli.main import edgeprof as command
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job import JobState

SPACE = get_space("nasbench201")
SHORT = ("--effort", "quick", "--num-runs", "20", "--min-time", "0.05s", "--warmup-runs", "1")
MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
"""

Run = Callable[..., tuple[int, str]]

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime", "openvino")


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("onnxruntime",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for name, operator in (("a.onnx", "nor_conv_1x1"), ("b.onnx", "nor_conv_3x3")):
        text = f"|{operator}~0|+|none~0|{operator}~1|+|skip_connect~0|none~1|{operator}~2|"
        model_of(SPACE, SPACE.parse(text), folder / name)
    return folder


@pytest.fixture
def run(shared_device: SimulatedDevice) -> Run:
    def call(*arguments: object) -> tuple[int, str]:
        asked = ["benchmark", *map(str, arguments), "--device", shared_device.address, *SHORT]
        result = CliRunner().invoke(command, asked)
        refusal = result.stderr + str(result.exception or "")
        return result.exit_code, result.stdout if result.exit_code == 0 else result.stdout + refusal

    return call


def test_a_folder_and_two_runtimes_give_a_table_fastest_first(run: Run, folder: Path) -> None:
    code, output = run(folder, "--runtime", "onnxruntime", "--runtime", "openvino")
    assert code == 0, output
    title, header, *rows = output.splitlines()
    assert title.startswith("4 benchmarks on ")
    assert header.split()[:4] == ["rank", "model", "runtime", "precision"] and "90% interval" in header
    assert "model memory" in header and all("MiB" in row for row in rows[:4])
    assert sorted(row.split()[1:3] for row in rows[:4]) == [
        [name, runtime] for name in ("a.onnx", "b.onnx") for runtime in ("onnxruntime", "openvino")
    ]
    assert "certainly faster than another where its whole interval lies below" in output


def test_json_is_a_list_of_rows(run: Run, folder: Path) -> None:
    (folder / "c.param").write_text("7767517\n1 1\nInput in 0 1 in 0=8\n")
    (folder / "c.bin").write_bytes(b"")
    code, output = run(folder, "--runtime", "openvino", "--runtime", "onnxruntime", "--json")
    # No runtime reads the third model.
    assert code == 1
    rows, _ = json.JSONDecoder().raw_decode(output)
    measured = [row for row in rows if row["failure"] is None]
    assert [row["median_ms"] for row in measured] == sorted(row["median_ms"] for row in measured)
    assert all(row["lower_ms"] < row["median_ms"] < row["upper_ms"] and row["level"] == 0.9 for row in measured)
    assert all(row["measurement"]["setting"]["runtime"] == row["runtime"] for row in measured)
    assert all(row["peak_memory_bytes"] > row["runtime_memory_bytes"] > 5_000_000 for row in measured)
    assert all(0 < row["model_memory_bytes"] < row["peak_memory_bytes"] for row in measured)
    assert measured[0]["rank"] == 1 and measured[-1]["is_certainly_faster_than_next"] is None
    refused = [row for row in rows if row["is_refused"]]
    assert [(row["name"], row["runtime"]) for row in refused] == [("c.param", "openvino"), ("c.param", "onnxruntime")]
    assert all(row["median_ms"] is None and "an ncnn model" in row["failure"] for row in refused)


def test_one_model_and_one_runtime_are_told_in_full(run: Run, folder: Path) -> None:
    code, output = run(folder / "a.onnx", "--runtime", "simulated", "--json")
    assert code == 0, output
    told = json.loads(output)
    assert set(told) == {
        *("job_id", "median_ms", "way", "sustained", "measurement"),
        *("runtime_memory_bytes", "model_memory_bytes", "run_energy_mj", "energy_sensor"),
    }


def test_a_torch_module_is_measured(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    source = f"{tmp_path / 'net.py'}:make"
    code, output = run(source, "--runtime", "openvino", "--shape", "input=1x3x16x16")
    assert code == 0, output
    assert output.startswith("net.py:make on ") and "input float32 1x3x16x16" in output
    code, output = run(source)
    assert code == 1 and "give the shape of each with --shape" in output


def test_a_measurement_that_fails_is_a_row_and_the_status_says_so(run: Run, folder: Path) -> None:
    # It says of itself that it is a model, and the device finds out that it is none.
    (folder / "c.onnx").write_bytes((folder / "a.onnx").read_bytes()[:-10_000])
    code, output = run(folder, "--runtime", "simulated")
    assert code == 1
    assert "failed: " in output or "not measured: " in output
    assert output.count("stable") >= 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--runtime", "simulated", "--runtime", "simulated"), "--runtime names one twice"),
        (("--sustained", "10s"), "--sustained takes one model and one runtime"),
        (("--operators",), "--operators takes one model and one runtime"),
        (("--picture", "curve.png", "--sustained", "10s"), "takes one model and one runtime"),
    ],
)
def test_options_of_a_single_measurement_are_refused_for_a_table(
    run: Run, folder: Path, options: tuple[str, ...], sentence: str
) -> None:
    code, output = run(folder, *options)
    assert code == 2
    assert sentence in " ".join(output.split())


def test_ctrl_c_prints_what_is_measured(simulated_device: SimulatedDevice, folder: Path) -> None:
    long = ("--min-time", "1.5s", "--runtime", "onnxruntime")
    process = subprocess.Popen(
        [sys.executable, "-m", "edgeprof", "benchmark", str(folder), "--device", simulated_device.address, *long],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with sdk.connect(simulated_device.address) as client:
        while [job.state for job in client.jobs()] != [JobState.RUNNING, JobState.SUCCEEDED]:
            assert process.poll() is None
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; the measurement was cancelled on the device; 1 before it are in the store" in stderr
    assert stdout.startswith("1 benchmark on ") and "a.onnx" in stdout
