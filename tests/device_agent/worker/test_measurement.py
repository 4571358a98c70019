import os
from dataclasses import replace
from pathlib import Path

from device_agent.worker.requests import (
    SHA256,
    SHORT_PLAN,
    RunWorker,
    WriteConvolutions,
    measurement_of,
    simulated_by,
    worker_request,
)

from edgeprof_agent.runtimes.simulation_config import Heat, SimulationConfig
from edgeprof_agent.worker.node_placement import NodePlacement
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import NodeCount, VerdictKind


def test_a_model_is_measured_and_every_step_is_told(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    events = run_worker(worker_request(write_convolutions(tmp_path / "model.onnx")))
    told = [event.get("phase", event["event"]) for event in events]
    assert told == ["version", "loading", "warming_up", "block", "measuring", *["block"] * 4, "measurement"]

    measurement = measurement_of(events)
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
    environment = simulated_by(tmp_path / "device.json", SimulationConfig())
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated", plan=MeasurementPlan())
    measurement = measurement_of(run_worker(request, environment=environment))
    assert measurement.plan == MeasurementPlan().filled()
    timed = [block for block in measurement.blocks if not block.is_warmup]
    assert len(timed) == 5
    assert sum(sum(block.latency_ms) for block in timed) >= 1_000.0


def test_where_every_node_ran_is_shown_on_the_processor_too_and_what_is_known_is_not_asked_again(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    request = worker_request(write_convolutions(tmp_path / "model.onnx"))
    measurement = measurement_of(run_worker(request))
    (counted,) = measurement.node_counts
    assert counted.provider == "CPUExecutionProvider" and counted.node_count > 0
    assert not measurement.is_node_count_remembered and measurement.engine_fingerprint
    known = NodePlacement(
        setting=measurement.setting,
        node_counts=(NodeCount(provider="CPUExecutionProvider", node_count=1234),),
        engine_fingerprint=measurement.engine_fingerprint,
    )
    request["node_placement"] = to_json(known)
    again = measurement_of(run_worker(request))
    assert again.node_counts == known.node_counts and again.is_node_count_remembered
    stale = (
        replace(known, setting=replace(measurement.setting, runtime_version="0.1")),
        replace(known, engine_fingerprint="another driver"),
    )
    for placement in stale:
        request["node_placement"] = to_json(placement)
        counted_anew = measurement_of(run_worker(request))
        assert counted_anew.node_counts == (counted,) and not counted_anew.is_node_count_remembered


def test_cores_and_threads_are_read_back(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    plan = replace(SHORT_PLAN, timed_duration_ms=100.0, timed_run_count=50)
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), plan=plan)
    request["spec"]["setting"]["options"] = {"cores": "all"}
    measurement = measurement_of(run_worker(request))
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
    environment = simulated_by(tmp_path / "device.json", SimulationConfig())
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    request["spec"]["setting"]["provider"] = "accelerator"
    request["spec"]["allow_fallback"] = True
    measurement = measurement_of(run_worker(request, environment=environment))
    assert measurement.verdict.kind is VerdictKind.STABLE
    assert {item.provider: item.node_count for item in measurement.node_counts} == {"accelerator": 3, "cpu": 4}


def test_a_hot_device_rests_until_it_is_cool_and_is_warmed_up_again(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = simulated_by(tmp_path / "device.json", SimulationConfig(heat=Heat(saturation_ms=5_000.0)))
    model_path = write_convolutions(tmp_path / "model.onnx")
    heating = replace(SHORT_PLAN, timed_duration_ms=9_000.0)
    hot = measurement_of(
        run_worker(worker_request(model_path, runtime="simulated", plan=heating), environment=environment)
    )
    assert hot.verdict.kind is VerdictKind.THROTTLED
    assert len(hot.conditions_during) >= 3
    moments = [conditions.elapsed_ms for conditions in hot.conditions_during]
    assert moments == sorted(moments, key=lambda moment: moment or 0.0)
    assert hot.waited_ms == 0.0 and hot.is_start_temperature_reached is None

    gated = replace(SHORT_PLAN, start_temperature_celsius=50.0, max_wait_ms=600_000.0)
    cool = measurement_of(
        run_worker(worker_request(model_path, runtime="simulated", plan=gated), environment=environment)
    )
    assert cool.waited_ms > 0 and cool.is_start_temperature_reached
    assert cool.verdict.kind is VerdictKind.STABLE
    in_vain = replace(gated, start_temperature_celsius=30.0, max_wait_ms=2_000.0)
    warm = measurement_of(
        run_worker(worker_request(model_path, runtime="simulated", plan=in_vain), environment=environment)
    )
    assert warm.waited_ms == 2_000.0 and warm.is_start_temperature_reached is False


def test_the_median_carries_its_interval_and_a_plan_that_wants_it_narrower_says_what_stood_in_the_way(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = simulated_by(tmp_path / "device.json", SimulationConfig(noise_relative_sd=0.5))
    plan = replace(SHORT_PLAN, block_count=5, target_half_width=0.02, max_duration_ms=60.0)
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated", plan=plan)
    measurement = measurement_of(run_worker(request, environment=environment))
    interval = measurement.median_interval
    assert interval is not None and interval.lower_ms < measurement.median_ms < interval.upper_ms
    evidence = {item.name: item for item in measurement.verdict.evidence}
    assert evidence["interval_half_width"].is_exceeded
    assert evidence["interval_needs_ms"].limit == 60.0
