"""Several devices at once: onboarded and benchmarked, with one that is killed and one that is silent."""

import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import model_of
from sdk.cli import this_process

import edgeprof
from edgeprof.fleet.devices_at_once import named
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.store import Probe
from edgeprof.testing import SimulatedDevice, SimulationConfig
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job import JobEvent, JobState
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

SPACE = get_space("nasbench201")
SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)
MODULE = """
from torch import nn

def make():
    with open({runs!r}, "a") as file:
        file.write("made")
    return nn.Linear(4, 2)
"""


@pytest.fixture
def silent_address() -> Iterator[str]:
    """An address where something accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class _KillsOne(edgeprof.FleetListener):
    """Kills a device in the middle of its onboarding."""

    def __init__(self, victim: SimulatedDevice) -> None:
        self._victim = victim

    def listener_of(self, device: edgeprof.NamedDevice) -> OnboardingListener:
        is_victim, kill = device.address == self._victim.address, self._victim.kill

        class _Kills(OnboardingListener):
            def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
                if is_victim and probe.ordinal == 1:
                    kill()

        return _Kills()


def test_a_device_that_is_killed_and_one_that_is_silent_stop_no_other_and_the_same_call_goes_on(
    make_simulated_device: Callable[[SimulationConfig | None], SimulatedDevice],
    silent_address: str,
    impatient: None,
    tmp_path: Path,
) -> None:
    sound, killed = make_simulated_device(None), make_simulated_device(SimulationConfig(seed=1))
    edgeprof.add_device(sound.address, "sound", tags=["lab"])
    edgeprof.add_device(killed.address, "killed", tags=["lab"])
    goal = edgeprof.Goal(sample_count=3)
    outcomes = edgeprof.onboard_fleet(
        ["sound", "killed", silent_address], "nasbench201", output=tmp_path, goal=goal, listener=_KillsOne(killed)
    )
    assert [bool(outcome.failure) for outcome in outcomes] == [False, True, True]
    assert all("no agent answers" in outcome.failure for outcome in outcomes[1:])
    assert [path.name for path in tmp_path.glob("*.edgeprof")] == ["sound.edgeprof"]

    killed.start()
    done = this_process.edgeprof("onboard", "--tag", "lab", "--samples", "3", "-o", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert "left as they are: sound; remove a file" in done.stderr
    results = {item["device"]: item["result"] for item in json.loads(done.stdout)}
    assert results["sound"]["report"] is None and len(results["killed"]["report"]["samples"]) == 3
    assert [results[name]["sample_count"] for name in ("sound", "killed")] == [3, 3]
    with edgeprof.connect("killed") as client:
        jobs = list(client.jobs())
    # Three networks twice, the anchor once more at the end: what was measured before the kill is not measured again.
    assert len(jobs) == 7
    assert edgeprof.predict(tmp_path / "killed.edgeprof", [SPACE.format(SPACE.sample(1, seed=0)[0])]).latency_ms > 0


@pytest.mark.usefixtures("lab")
def test_the_same_model_is_measured_on_all_devices_of_a_tag(tmp_path: Path) -> None:
    model = model_of(SPACE, SPACE.sample(1, seed=0)[0])
    arguments = ("benchmark", str(model), "--tag", "lab", "--effort", "quick")
    done = this_process.edgeprof(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    one, two = json.loads(done.stdout)
    assert (one["device"], two["device"]) == ("one", "two")
    assert one["result"][0]["median_ms"] != two["result"][0]["median_ms"]

    edgeprof.add_device("127.0.0.1:1", "gone", tags=["lab"])
    done = this_process.edgeprof(*arguments)
    assert done.returncode == 1
    assert "gone failed: no agent answers" in done.stderr and "1 of 3 devices failed: gone" in done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["device", "gone", "one", "two"]
    assert lines[1].split() == ["gone", "failed"] and model.name in lines[2]


def test_ctrl_c_ends_the_work_on_every_device(
    make_simulated_device: Callable[[SimulationConfig | None], SimulatedDevice],
) -> None:
    slow = make_simulated_device(SimulationConfig(takes_time=True))
    main, model = threading.get_ident(), model_of(SPACE, SPACE.sample(1, seed=0)[0])

    class _Interrupts(edgeprof.FleetListener):
        def listener_of(self, device: edgeprof.NamedDevice) -> OnboardingListener:
            class _Once(OnboardingListener):
                is_struck = False

                def on_job_event(self, event: JobEvent) -> None:
                    # A second signal would strike whatever test runs next.
                    if isinstance(event.event, LatencyBlock) and not self.is_struck:
                        self.is_struck = True
                        signal.pthread_kill(main, signal.SIGINT)

            return _Once()

    with pytest.raises(KeyboardInterrupt):
        edgeprof.benchmark_fleet(slow.address, model, plan=edgeprof.make_plan("standard"), listener=_Interrupts())
    assert not any(thread.name.startswith("device") for thread in threading.enumerate())
    with edgeprof.connect(slow.address) as client:
        assert [job.state for job in client.jobs()] == [JobState.CANCELLED]


def test_devices_are_named_once_each() -> None:
    assert [device.name for device in named(["a:1", "b:1", "a:1"])] == ["a:1", "b:1"]
    with pytest.raises(edgeprof.EdgeprofError, match="name a device"):
        named([])
    assert named(edgeprof.NamedDevice(name="pi4", address="a:1"))[0].name == "pi4"


def test_an_unknown_space_is_told_once_and_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PredictorError, match="no search space 'nix'"):
        edgeprof.onboard_fleet(["127.0.0.1:1", "127.0.0.1:2"], "nix", output=tmp_path / "profiles")
    assert not (tmp_path / "profiles").exists()


def test_models_are_added_to_the_profile_of_one_device() -> None:
    arguments = ("onboard", "--models", "--add", "net.onnx", "--device", "a:1", "--device", "b:1")
    done = this_process.edgeprof(*arguments)
    assert done.returncode == 2 and "--add takes one device" in done.stderr


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("command", "model", "text"),
    [
        ("benchmark", "missing.onnx", "cannot read the model missing.onnx: No such file"),
        ("benchmark", "missing.py:make", "cannot import missing.py"),
        ("benchmark", "net.py", "is a Python file: name what makes"),
        ("benchmark", "empty", "holds no model"),
        ("onboard --models -o profiles --with", "missing.onnx", "cannot read the model missing.onnx: No such file"),
    ],
)
def test_a_model_that_is_not_there_is_told_once_and_nothing_starts(
    command: str, model: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "net.py").touch()
    done = this_process.edgeprof(*command.split(), model, "--tag", "lab", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count(text) == 1 and "devices failed" not in done.stderr, done.stderr
    assert not (tmp_path / "profiles").exists()


@pytest.mark.usefixtures("lab")
def test_a_torch_module_is_made_and_exported_once_for_all_devices(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (tmp_path / "net.py").write_text(MODULE.format(runs=str(runs)))
    outcomes = edgeprof.benchmark_fleet(
        ["one", "two"], f"{tmp_path / 'net.py'}:make", plan=SHORT, input_shapes={"input": (1, 4)}
    )
    rows = [row for outcome in outcomes if outcome.result is not None for row in outcome.result.rows]
    results = [row.result for row in rows if row.result is not None]
    assert len(results) == 2, outcomes
    assert len({result.measurement.model_sha256 for result in results}) == 1
    assert runs.read_text() == "made"
