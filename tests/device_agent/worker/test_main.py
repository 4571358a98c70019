import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from device_agent.worker.requests import (
    RunWorker,
    WriteConvolutions,
    simulated_by,
    worker_request,
)

from edgeprof_agent.runtimes.simulation_config import Fault, FaultKind, SimulationConfig


@pytest.mark.parametrize(
    ("changes", "reason", "text"),
    [
        (
            {"runtime": "no-such-runtime"},
            "ERROR_REASON_RUNTIME_NOT_FOUND",
            "device knows: litert, ncnn, onnxruntime",
        ),
        ({"runtime": "simulated"}, "ERROR_REASON_RUNTIME_NOT_FOUND", "EDGEPROF_SIMULATION"),
        ({"provider": "CUDAExecutionProvider"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "CPUExecutionProvider"),
        ({"precision": "posit8"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "float32, float16"),
        ({"precision": "int8"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "the model computes in float32"),
        ({"runtime_version": "0.1"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "runtime_version '0.1'"),
        ({"batch_size": 0}, "ERROR_REASON_INVALID_REQUEST", "a whole number of 1 to 2147483647, got 0"),
    ],
)
def test_a_setting_that_cannot_be_served_ends_in_a_failure_with_its_reason(
    changes: Mapping[str, Any],
    reason: str,
    text: str,
    tmp_path: Path,
    run_worker: RunWorker,
    write_convolutions: WriteConvolutions,
) -> None:
    request = worker_request(write_convolutions(tmp_path / "model.onnx"))
    request["spec"]["setting"] |= changes
    environment = {name: value for name, value in os.environ.items() if name != "EDGEPROF_SIMULATION"}
    failure = run_worker(request, environment=environment)[-1]
    assert failure["event"] == "failure"
    assert failure["reason"] == reason
    assert text in failure["message"]


def test_a_file_that_is_no_model_ends_in_a_failure(tmp_path: Path, run_worker: RunWorker) -> None:
    model_path = tmp_path / "model.onnx"
    model_path.write_text("this is no model")
    failure = run_worker(worker_request(model_path))[-1]
    assert failure["reason"] == "ERROR_REASON_MODEL_REJECTED"


def test_a_run_that_fails_ends_in_a_failure(
    tmp_path: Path, run_worker: RunWorker, write_gather: Callable[[Path], Path]
) -> None:
    failure = run_worker(worker_request(write_gather(tmp_path / "model.onnx")))[-1]
    assert failure["reason"] == "ERROR_REASON_RUN_FAILED"


@pytest.mark.parametrize("line", ["not json", "{}", '{"model_path": 1, "spec": {}, "attempt": 1}'])
def test_a_damaged_request_ends_in_a_failure(line: str) -> None:
    with _worker(line) as (worker, events):
        failure = json.loads(events.readline())
        assert failure["event"] == "failure"
        assert worker.wait() == 0


@contextmanager
def _worker(line: str, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    read_fd, write_fd = os.pipe()
    command = [sys.executable, "-m", "edgeprof_agent.worker.main", str(write_fd)]
    with (
        open(read_fd, encoding="utf-8") as events,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[write_fd], env=environment, text=True
        ) as worker,
    ):
        os.close(write_fd)
        try:
            assert worker.stdin is not None
            worker.stdin.write(line + "\n")
            worker.stdin.close()
            yield worker, events
        finally:
            worker.kill()


def _read_until(events: IO[str], phase: str) -> None:
    for line in events:
        if json.loads(line).get("phase") == phase:
            return
    raise AssertionError(f"the worker never reached {phase!r}")


def test_a_crash_ends_the_worker_by_its_signal(tmp_path: Path, write_convolutions: WriteConvolutions) -> None:
    config = SimulationConfig(faults=(Fault(kind=FaultKind.CRASH, at_run=5),))
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    with _worker(json.dumps(request), simulated_by(tmp_path / "device.json", config)) as (worker, events):
        told = [json.loads(line)["event"] for line in events]
        assert told == ["version", "progress", "progress", "block", "progress"]
        assert worker.wait() == -signal.SIGSEGV


def test_a_worker_that_hangs_ends_when_nobody_reads_its_events(
    tmp_path: Path, write_convolutions: WriteConvolutions
) -> None:
    config = SimulationConfig(faults=(Fault(kind=FaultKind.HANG, at_run=5),))
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    with _worker(json.dumps(request), simulated_by(tmp_path / "device.json", config)) as (worker, events):
        _read_until(events, "measuring")
        assert worker.poll() is None
        events.close()
        assert worker.wait() == 1


def test_a_worker_imports_neither_grpc_nor_a_runtime_it_was_not_asked_for() -> None:
    code = (
        "import sys, edgeprof_agent.worker.main, edgeprof_agent.runtimes.registry as registry\n"
        "registry.load_runtime('simulated')\n"
        "print(sorted({'grpc', 'numpy', 'onnx', 'onnxruntime', 'torch'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"agent_version": None, "proof": {}}, "ERROR_REASON_WORKER_NOT_STARTED"),
        ({"agent_version": "9.0, contract 99", "new_field": 1}, "ERROR_REASON_AGENT_UPDATED"),
    ],
    ids=["a server before the version was told", "a server of another version"],
)
def test_a_worker_that_was_updated_under_its_server_says_so(
    changes: Mapping[str, Any], reason: str, tmp_path: Path, run_worker: RunWorker
) -> None:
    request = {**worker_request(tmp_path / "model.onnx"), **changes}
    events = run_worker({name: value for name, value in request.items() if value is not None})
    assert [event["event"] for event in events] == ["failure"], "an earlier server knows no other first line"
    assert events[0]["reason"] == reason and "restart edgeprof-agent" in events[0]["message"]
