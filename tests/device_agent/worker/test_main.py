import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from edgeprof_agent.runtimes.simulation_config import Fault, FaultKind, Heat, SimulationConfig
from edgeprof_agent.worker.node_placement import NodePlacement
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import LatencyBlock, Measurement, NodeCount, VerdictKind

SHA256 = "0" * 64
SHORT_PLAN = MeasurementPlan(
    warmup_run_count=3,
    warmup_duration_ms=0.001,
    timed_run_count=20,
    timed_duration_ms=10.0,
    block_count=4,
    max_duration_ms=10_000.0,
)

RunWorker = Callable[..., list[dict[str, Any]]]
WriteConvolutions = Callable[[Path], Path]


def _request(model_path: Path, *, runtime: str = "onnxruntime", plan: MeasurementPlan = SHORT_PLAN) -> dict[str, Any]:
    spec = JobSpec(model_sha256=SHA256, setting=Setting(runtime=runtime), plan=plan)
    return {"model_path": str(model_path), "spec": to_json(spec), "attempt": 1}


def _measurement(events: list[dict[str, Any]]) -> Measurement:
    fields = dict(events[-1])
    assert fields.pop("event") == "measurement", fields
    measurement = from_json(Measurement, fields)
    assert measurement.blocks == ()
    return replace(measurement, blocks=_blocks(events))


def _blocks(events: list[dict[str, Any]]) -> tuple[LatencyBlock, ...]:
    fields = [{name: value for name, value in event.items() if name != "event"} for event in events]
    return tuple(from_json(LatencyBlock, block) for block in fields if "latency_ms" in block)


def _simulation(config_path: Path, config: SimulationConfig) -> dict[str, str]:
    config.write(config_path)
    return {**os.environ, "EDGEPROF_SIMULATION": str(config_path)}


def test_a_model_is_measured_and_every_step_is_told(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    events = run_worker(_request(write_convolutions(tmp_path / "model.onnx")))
    told = [event.get("phase", event["event"]) for event in events]
    assert told == ["loading", "warming_up", "block", "measuring", *["block"] * 4, "measurement"]

    measurement = _measurement(events)
    assert [block.is_warmup for block in measurement.blocks] == [True, False, False, False, False]
    assert measurement.model_sha256 == SHA256
    assert measurement.plan == SHORT_PLAN
    assert measurement.setting.provider == "CPUExecutionProvider"
    assert measurement.first_inference_ms == measurement.blocks[0].latency_ms[0]
    assert measurement.peak_memory_bytes is not None and measurement.peak_memory_bytes > 10_000_000
    assert measurement.total_ms > measurement.load_ms > 0


def test_a_plan_of_zeros_is_filled_in(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = _simulation(tmp_path / "device.json", SimulationConfig())
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated", plan=MeasurementPlan())
    measurement = _measurement(run_worker(request, environment=environment))
    assert measurement.plan == MeasurementPlan().filled()
    timed = [block for block in measurement.blocks if not block.is_warmup]
    assert len(timed) == 5
    assert sum(sum(block.latency_ms) for block in timed) >= 1_000.0


@pytest.mark.parametrize(
    ("changes", "reason", "text"),
    [
        ({"runtime": "no-such-runtime"}, "ERROR_REASON_RUNTIME_NOT_FOUND", "this device knows: onnxruntime"),
        ({"runtime": "simulated"}, "ERROR_REASON_RUNTIME_NOT_FOUND", "EDGEPROF_SIMULATION"),
        ({"provider": "CUDAExecutionProvider"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "CPUExecutionProvider"),
        ({"precision": "float8"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "float32, int8"),
        ({"runtime_version": "0.1"}, "ERROR_REASON_SETTING_NOT_SUPPORTED", "runtime_version '0.1'"),
        ({"batch_size": 0}, "ERROR_REASON_INVALID_REQUEST", "batch_size must be >= 1, got 0"),
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
    request = _request(write_convolutions(tmp_path / "model.onnx"))
    request["spec"]["setting"] |= changes
    environment = {name: value for name, value in os.environ.items() if name != "EDGEPROF_SIMULATION"}
    failure = run_worker(request, environment=environment)[-1]
    assert failure["event"] == "failure"
    assert failure["reason"] == reason
    assert text in failure["message"]


def test_a_file_that_is_no_model_ends_in_a_failure(tmp_path: Path, run_worker: RunWorker) -> None:
    model_path = tmp_path / "model.onnx"
    model_path.write_text("this is no model")
    failure = run_worker(_request(model_path))[-1]
    assert failure["reason"] == "ERROR_REASON_MODEL_REJECTED"


def test_a_run_that_fails_ends_in_a_failure(
    tmp_path: Path, run_worker: RunWorker, write_gather: Callable[[Path], Path]
) -> None:
    failure = run_worker(_request(write_gather(tmp_path / "model.onnx")))[-1]
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
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    with _worker(json.dumps(request), _simulation(tmp_path / "device.json", config)) as (worker, events):
        told = [json.loads(line)["event"] for line in events]
        assert told == ["progress", "progress", "block", "progress"]
        assert worker.wait() == -signal.SIGSEGV


def test_a_worker_that_hangs_ends_when_nobody_reads_its_events(
    tmp_path: Path, write_convolutions: WriteConvolutions
) -> None:
    config = SimulationConfig(faults=(Fault(kind=FaultKind.HANG, at_run=5),))
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    with _worker(json.dumps(request), _simulation(tmp_path / "device.json", config)) as (worker, events):
        _read_until(events, "measuring")
        assert worker.poll() is None
        events.close()
        assert worker.wait() == 1


def test_faults_of_the_first_jobs_leave_the_later_ones_alone(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    fault = Fault(kind=FaultKind.FAIL_RUN, at_run=2, job_count=2)
    environment = _simulation(tmp_path / "device.json", SimulationConfig(faults=(fault,)))
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    ends = [run_worker(request, environment=environment)[-1]["event"] for _ in range(3)]
    assert ends == ["failure", "failure", "measurement"]


def test_the_same_jobs_on_the_same_simulated_device_give_the_same_samples(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    environment = _simulation(tmp_path / "device.json", SimulationConfig(seed=3))
    first, second = (_measurement(run_worker(request, environment=environment)) for _ in range(2))
    environment = _simulation(tmp_path / "device.json", SimulationConfig(seed=3))
    assert _measurement(run_worker(request, environment=environment)).blocks == first.blocks
    assert _measurement(run_worker(request, environment=environment)).blocks == second.blocks
    assert first.blocks != second.blocks
    other = _simulation(tmp_path / "other.json", SimulationConfig(seed=4))
    assert _measurement(run_worker(request, environment=other)).blocks != first.blocks


def test_heat_stays_from_job_to_job_and_is_judged(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = _simulation(tmp_path / "device.json", SimulationConfig(heat=Heat(saturation_ms=4.0)))
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    first, second = (_measurement(run_worker(request, environment=environment)) for _ in range(2))
    temperatures = [
        conditions.temperatures[0].temperature_celsius
        for conditions in (first.conditions_before, first.conditions_after, second.conditions_before)
    ]
    assert temperatures[0] == 40.0
    assert temperatures[1] == temperatures[2] > 40.0
    assert second.verdict.kind is VerdictKind.THROTTLED


def test_the_simulated_accelerator_leaves_nodes_to_the_processor_and_is_judged(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = _simulation(tmp_path / "device.json", SimulationConfig())
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    request["spec"]["setting"]["provider"] = "accelerator"
    verdict = _measurement(run_worker(request, environment=environment)).verdict
    assert verdict.kind is VerdictKind.FALLBACK
    assert {item.name: item.value for item in verdict.evidence}["nodes_elsewhere_count"] == 4


def test_a_worker_imports_neither_grpc_nor_a_runtime_it_was_not_asked_for() -> None:
    code = (
        "import sys, edgeprof_agent.worker.main, edgeprof_agent.runtimes.registry as registry\n"
        "registry.load_runtime('simulated')\n"
        "print(sorted({'grpc', 'numpy', 'onnx', 'onnxruntime', 'torch'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_where_every_node_ran_is_shown_on_the_processor_too_and_what_is_known_is_not_asked_again(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    request = _request(write_convolutions(tmp_path / "model.onnx"))
    measurement = _measurement(run_worker(request))
    (counted,) = measurement.node_counts
    assert counted.provider == "CPUExecutionProvider" and counted.node_count > 0
    known = NodeCount(provider="CPUExecutionProvider", node_count=1234)
    request["node_placement"] = to_json(NodePlacement(setting=measurement.setting, node_counts=(known,)))
    assert _measurement(run_worker(request)).node_counts == (known,)
    stale = replace(measurement.setting, runtime_version="0.1")
    request["node_placement"] = to_json(NodePlacement(setting=stale, node_counts=(known,)))
    assert _measurement(run_worker(request)).node_counts == (counted,)


def test_cores_and_threads_are_read_back(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    plan = replace(SHORT_PLAN, timed_duration_ms=100.0, timed_run_count=50)
    request = _request(write_convolutions(tmp_path / "model.onnx"), plan=plan)
    request["spec"]["setting"]["options"] = {"cores": "all"}
    measurement = _measurement(run_worker(request))
    assert measurement.core_indices == tuple(sorted(os.sched_getaffinity(0)))
    assert measurement.thread_count == 1
    assert "cores" not in measurement.setting.options, "all cores are what a setting without the option means"
    evidence = {item.name: item.value for item in measurement.verdict.evidence}
    assert evidence["cores_elsewhere_count"] == evidence["extra_thread_count"] == 0
    request["spec"]["setting"]["options"] = {"cores": "huge"}
    failure = run_worker(request)[-1]
    assert failure["reason"] == "ERROR_REASON_SETTING_NOT_SUPPORTED"
    assert "choose from: all" in failure["message"]


def test_a_fallback_that_is_allowed_is_told_and_no_fault(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = _simulation(tmp_path / "device.json", SimulationConfig())
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    request["spec"]["setting"]["provider"] = "accelerator"
    request["spec"]["allow_fallback"] = True
    measurement = _measurement(run_worker(request, environment=environment))
    assert measurement.verdict.kind is VerdictKind.STABLE
    assert {item.provider: item.node_count for item in measurement.node_counts} == {"accelerator": 3, "cpu": 4}


def test_a_hot_device_rests_until_it_is_cool_and_is_warmed_up_again(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = _simulation(tmp_path / "device.json", SimulationConfig(heat=Heat(saturation_ms=5_000.0)))
    model_path = write_convolutions(tmp_path / "model.onnx")
    heating = replace(SHORT_PLAN, timed_duration_ms=9_000.0)
    hot = _measurement(run_worker(_request(model_path, runtime="simulated", plan=heating), environment=environment))
    assert hot.verdict.kind is VerdictKind.THROTTLED
    assert len(hot.conditions_during) >= 3
    moments = [conditions.elapsed_ms for conditions in hot.conditions_during]
    assert moments == sorted(moments, key=lambda moment: moment or 0.0)
    assert hot.waited_ms == 0.0 and hot.is_start_temperature_reached is None

    gated = replace(SHORT_PLAN, start_temperature_celsius=50.0, max_wait_ms=600_000.0)
    cool = _measurement(run_worker(_request(model_path, runtime="simulated", plan=gated), environment=environment))
    assert cool.waited_ms > 0 and cool.is_start_temperature_reached
    assert cool.verdict.kind is VerdictKind.STABLE
    in_vain = replace(gated, start_temperature_celsius=30.0, max_wait_ms=2_000.0)
    warm = _measurement(run_worker(_request(model_path, runtime="simulated", plan=in_vain), environment=environment))
    assert warm.waited_ms == 2_000.0 and warm.is_start_temperature_reached is False


def test_the_median_carries_its_interval_and_a_plan_that_wants_it_narrower_says_what_stood_in_the_way(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = _simulation(tmp_path / "device.json", SimulationConfig(noise_relative_sd=0.5))
    plan = replace(SHORT_PLAN, block_count=5, target_half_width=0.02, max_duration_ms=60.0)
    request = _request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated", plan=plan)
    measurement = _measurement(run_worker(request, environment=environment))
    interval = measurement.median_interval
    assert interval is not None and interval.lower_ms < measurement.median_ms < interval.upper_ms
    evidence = {item.name: item for item in measurement.verdict.evidence}
    assert evidence["interval_half_width"].is_exceeded
    assert evidence["interval_needs_ms"].limit == 60.0
