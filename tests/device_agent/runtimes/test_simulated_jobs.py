"""Jobs on a simulated device: faults, samples and heat from job to job."""

from pathlib import Path

from device_agent.worker.requests import RunWorker, WriteConvolutions, measurement_of, simulated_by, worker_request

from edgeprof_agent.runtimes.simulation_config import Fault, FaultKind, Heat, SimulationConfig
from edgeprof_proto.records.measurement import VerdictKind


def test_faults_of_the_first_jobs_leave_the_later_ones_alone(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    fault = Fault(kind=FaultKind.FAIL_RUN, at_run=2, job_count=2)
    environment = simulated_by(tmp_path / "device.json", SimulationConfig(faults=(fault,)))
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    ends = [run_worker(request, environment=environment)[-1]["event"] for _ in range(3)]
    assert ends == ["failure", "failure", "measurement"]


def test_the_same_jobs_on_the_same_simulated_device_give_the_same_samples(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    environment = simulated_by(tmp_path / "device.json", SimulationConfig(seed=3))
    first, second = (measurement_of(run_worker(request, environment=environment)) for _ in range(2))
    environment = simulated_by(tmp_path / "device.json", SimulationConfig(seed=3))
    assert measurement_of(run_worker(request, environment=environment)).blocks == first.blocks
    assert measurement_of(run_worker(request, environment=environment)).blocks == second.blocks
    assert first.blocks != second.blocks
    other = simulated_by(tmp_path / "other.json", SimulationConfig(seed=4))
    assert measurement_of(run_worker(request, environment=other)).blocks != first.blocks


def test_heat_stays_from_job_to_job_and_is_judged(
    tmp_path: Path, run_worker: RunWorker, write_convolutions: WriteConvolutions
) -> None:
    environment = simulated_by(tmp_path / "device.json", SimulationConfig(heat=Heat(saturation_ms=4.0)))
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    first, second = (measurement_of(run_worker(request, environment=environment)) for _ in range(2))
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
    environment = simulated_by(tmp_path / "device.json", SimulationConfig())
    request = worker_request(write_convolutions(tmp_path / "model.onnx"), runtime="simulated")
    request["spec"]["setting"]["provider"] = "accelerator"
    verdict = measurement_of(run_worker(request, environment=environment)).verdict
    assert verdict.kind is VerdictKind.FALLBACK
    assert {item.name: item.value for item in verdict.evidence}["nodes_elsewhere_count"] == 4
