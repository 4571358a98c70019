"""The command line as a user meets it: a process, its exit status, one sentence for each mistake."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import model_of
from sdk.cli import this_process

from edgeprof.devices.client import connect
from edgeprof.testing import Heat, SimulatedDevice, SimulationConfig
from edgeprof_predictor.spaces import get_space

MakeDevice = Callable[[SimulationConfig | None], SimulatedDevice]
FIVE_SAMPLES = ("--runtime", "simulated", "--samples", "5")
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Store of all commands of this module, and the folder in which they run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cli")
        patch.setenv("EDGEPROF_STORE", str(folder / "data" / "store.sqlite3"))
        yield folder


@pytest.fixture(scope="module")
def device(folder: Path) -> Iterator[SimulatedDevice]:
    with SimulatedDevice(folder / "device") as device:
        yield device


@pytest.fixture(scope="module")
def onboarded(device: SimulatedDevice, folder: Path) -> "subprocess.CompletedProcess[str]":
    done = edgeprof("onboard", "--device", device.address, *FIVE_SAMPLES, "-o", "board.edgeprof", folder=folder)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def profile(onboarded: "subprocess.CompletedProcess[str]", folder: Path) -> Path:
    return folder / "board.edgeprof"


def edgeprof(*arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "edgeprof", *arguments], capture_output=True, text=True, cwd=folder, check=False
    )


def test_help_names_every_verb() -> None:
    done = edgeprof("--help")
    assert done.returncode == 0
    for verb in ("devices", "benchmark", "onboard", "predict", "verify", "import", "demo"):
        assert verb in done.stdout


def test_onboard_says_what_it_did_and_what_it_cost(onboarded: "subprocess.CompletedProcess[str]") -> None:
    for part in ("hardware embedding from", "error by sample", "stopped because", "warm-up and timed runs"):
        assert part in onboarded.stdout
    assert "board.edgeprof" in onboarded.stderr


def test_onboard_says_after_each_measurement_what_another_would_buy(
    onboarded: "subprocess.CompletedProcess[str]",
) -> None:
    weighed = r"expected error [\d.]+% \([\d.]+% to [\d.]+%\); one more sample: [\d.]+%, \d+ s"
    assert len(re.findall(weighed, onboarded.stderr)) >= 5


def test_onboard_speaks_json_and_names_the_profile_itself(device: SimulatedDevice, tmp_path: Path) -> None:
    done = this_process.edgeprof(
        *("onboard", "--device", device.address, "--runtime", "simulated", "--samples", "3", "--target-error", "0.1%"),
        "--json",
        folder=tmp_path,
    )
    report = json.loads(done.stdout)
    assert len(report["samples"]) == 3
    assert [status["sample_count"] for status in report["history"]] == [1, 2, 3]
    assert report["history"][-1]["expected"]["upper"] > report["error_diagnosis"]["wanted_error"] == 0.001
    assert report["profile"].endswith(".nasbench201.edgeprof")
    assert Path(tmp_path, report["profile"]).exists()
    assert 0 < report["measuring_share"] < 1


def test_predict_speaks_json_and_reads_a_file(profile: Path, tmp_path: Path) -> None:
    space = get_space("nasbench201")
    listing = tmp_path / "architectures.txt"
    listing.write_text("".join(space.format(item) + "\n" for item in space.sample(3, seed=0)))
    rows = json.loads(this_process.edgeprof("predict", str(profile), "--file", str(listing), "--json", CELL).stdout)
    assert [row["architecture"] for row in rows] == [CELL, *listing.read_text().split()]
    assert all(row["lower_ms"] < row["latency_ms"] < row["upper_ms"] for row in rows)


def test_verify_compares_with_measurements_and_draws(device: SimulatedDevice, profile: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    arguments = ("verify", str(profile), "--device", device.address, "--picture", str(picture), "--count")
    figures = json.loads(this_process.edgeprof(*arguments, "5", "--json").stdout)
    assert figures["unseen_count"] == 5
    assert figures["sample_count"] == 5
    assert figures["spearman"] > 0.5
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = this_process.edgeprof(*arguments, "3")
    assert "Spearman" in again.stdout


def test_verify_with_more_networks_than_the_space_has_is_refused_before_anything_is_measured(
    device: SimulatedDevice, profile: Path
) -> None:
    with connect(device.address) as client:
        jobs = [job.job_id for job in client.jobs()]
        arguments = ("--device", device.address, "--count", str(15_625 - 5 + 1))
        done = this_process.edgeprof("verify", str(profile), *arguments)
        assert done.returncode == 1
        # Five of the space's networks were samples.
        assert "networks to verify with must be a whole number of 3 to 15620, got 15621" in done.stderr
        assert [job.job_id for job in client.jobs()] == jobs


def test_benchmark_and_devices_describe_what_is_there(device: SimulatedDevice, tmp_path: Path) -> None:
    space = get_space("nasbench201")
    model = model_of(space, space.sample(1, seed=0)[0])
    address = device.address
    done = edgeprof("benchmark", str(model), "--device", address, "--runtime", "simulated")
    for part in ("median", "±", "verdict", "stable", "timed runs", "nodes on cpu", "temperature 40 °C"):
        assert part in done.stdout
    accelerated = this_process.edgeprof(
        *("benchmark", str(model), "--device", address, "--runtime", "simulated", "--provider", "accelerator")
    )
    assert "fallback: nodes_elsewhere_count" in accelerated.stdout
    assert "nodes on accelerator" in accelerated.stdout
    measured = json.loads(
        this_process.edgeprof("benchmark", str(model), "--device", address, "--runtime", "simulated", "--json").stdout
    )
    assert measured["median_ms"] == pytest.approx(device.true_latency_ms(model), rel=0.01)
    (known,) = json.loads(this_process.edgeprof("devices", "--json").stdout)
    assert known["address"] == address
    assert any(runtime["name"] == "simulated" for runtime in known["device"]["runtimes"])
    assert address in edgeprof("devices", address).stdout


def test_sustained_work_shows_the_burst_and_the_steady_state(
    make_simulated_device: MakeDevice, folder: Path, tmp_path: Path
) -> None:
    space = get_space("nasbench201")
    model = model_of(space, space.sample(1, seed=0)[0])
    device = make_simulated_device(SimulationConfig(heat=Heat(saturation_ms=6_000.0, slowdown=1.5)))
    arguments = ("benchmark", str(model), "--device", device.address, "--runtime", "simulated", "--sustained", "30s")
    drawn = this_process.edgeprof(*arguments, "--json", "--picture", "curve.svg", folder=tmp_path)
    result = json.loads(drawn.stdout)
    curve = result["sustained"]
    assert result["way"] == "sustained"
    assert curve["steady_ms"] / curve["burst_ms"] == pytest.approx(1.5, rel=0.02)
    assert 0 < curve["steady_start_s"] < 25
    assert curve["bins"][-1]["temperature_celsius"] > curve["bins"][0]["temperature_celsius"]
    assert (tmp_path / "curve.svg").exists()
    assert "steady state" in this_process.edgeprof(*arguments).stdout


MISTAKES_OF_A_PROCESS = ("unreachable agent", "unknown verb")
"""One with each exit status; the others are made in this process, which loads nothing for them."""


def mistakes(folder: Path, device: str, profile: Path) -> dict[str, tuple[tuple[str, ...], int, str]]:
    damaged = folder / "damaged.edgeprof"
    damaged.write_bytes(profile.read_bytes()[:-100])
    no_model = folder / "no_model.onnx"
    no_model.write_text("no model")
    simulated = ("--device", device, "--runtime", "simulated")
    return {
        "unreachable agent": (("onboard", "--device", "127.0.0.1:1"), 1, "edgeprof-agent serve"),
        "no ONNX model": (("benchmark", str(no_model), *simulated), 1, "no_model.onnx"),
        "missing model": (("benchmark", "nosuch.onnx", "--device", device), 1, "nosuch.onnx"),
        "unknown architecture": (("predict", str(profile), "|what~0|"), 1, "a right one is"),
        "no architecture": (("predict", str(profile)), 2, "name an architecture"),
        "unknown space": (("onboard", *simulated, "--space", "nosuch"), 1, "nasbench201"),
        "too few samples": (("onboard", *simulated, "--samples", "1"), 2, "3 to 200"),
        "unknown runtime": (("onboard", "--device", device, "--runtime", "nosuch"), 1, "nosuch"),
        "bad percentage": (("onboard", *simulated, "--target-error", "five"), 2, "5%"),
        "bad duration": (("onboard", *simulated, "--budget", "soon"), 2, "3m"),
        "bad option": (("onboard", *simulated, "--option", "fast"), 2, "NAME=VALUE"),
        "damaged profile": (("predict", str(damaged), CELL), 1, "damaged.edgeprof"),
        "missing profile": (("predict", "nosuch.edgeprof", CELL), 1, "nosuch.edgeprof"),
        "unknown verb": (("measure",), 2, "measure"),
    }


def test_each_mistake_ends_in_one_sentence(device: SimulatedDevice, profile: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*.edgeprof"))
    for name, (arguments, status, text) in mistakes(tmp_path, device.address, profile).items():
        run = edgeprof if name in MISTAKES_OF_A_PROCESS else this_process.edgeprof
        done = run(*arguments, folder=tmp_path)
        assert done.returncode == status, f"{name}: {done.stderr}"
        assert text in done.stderr, f"{name}: {done.stderr}"
        assert "Traceback" not in done.stderr, f"{name}: {done.stderr}"
        assert done.stdout == "", name
    assert sorted(tmp_path.rglob("*.edgeprof")) == sorted([*before, tmp_path / "damaged.edgeprof"])


def test_ctrl_c_ends_an_onboarding_without_a_trace(make_simulated_device: MakeDevice) -> None:
    from edgeprof.testing import Fault, FaultKind

    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=FaultKind.HANG, at_run=30),)))
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "edgeprof", "-v", "onboard", "--device", device.address, "--runtime", "simulated"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    import edgeprof as sdk
    from edgeprof_proto.records.job import JobState

    with sdk.connect(device.address) as client:
        while not any(job.state is JobState.RUNNING for job in client.jobs()):
            assert process.poll() is None
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on where it stopped" in stderr
    assert "Traceback" not in stderr


def test_the_store_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no store at all, but long enough to look at" * 30)
    environment = {**os.environ, "EDGEPROF_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [sys.executable, "-m", "edgeprof", "devices"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert "EDGEPROF_STORE" in done.stderr
    assert "Traceback" not in done.stderr
