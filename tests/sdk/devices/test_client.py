import hashlib
import threading
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import grpc
import onnx
import pytest
from factories import model_of
from grpc_health.v1 import health, health_pb2_grpc
from onnx import TensorProto, helper

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import (
    AgentTooOldError,
    AgentUnavailableError,
    DeviceDiskFullError,
    InvalidRequestError,
    JobCancelledError,
    JobConflictError,
    JobNotFoundError,
    ModelFileError,
    ModelQuarantinedError,
    ModelRejectedError,
    RuntimeNotFoundError,
    SettingNotSupportedError,
    WorkerFailedError,
)
from edgeprof.testing import Fault, FaultKind, Link, SimulatedDevice, SimulationConfig
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job import JobEvent, JobPhase, JobState, Progress
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import LatencyBlock

MakeDevice = Callable[[SimulationConfig | None], SimulatedDevice]


@pytest.fixture(scope="module")
def model() -> Path:
    space = get_space("nasbench201")
    return model_of(space, space.sample(1, seed=0)[0])


def test_a_measurement_through_the_agent_finds_the_true_latency(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        measurement = client.measure(model, shared_device.setting, job_id="truth")
    truth = shared_device.true_latency_ms(model)
    assert measurement.median_ms == pytest.approx(truth, rel=0.01)
    assert measurement.model_sha256 == hashlib.sha256(model.read_bytes()).hexdigest()


def test_the_same_seed_gives_the_same_samples(make_simulated_device: MakeDevice, model: Path) -> None:
    blocks = []
    for _ in range(2):
        device = make_simulated_device(SimulationConfig(seed=5))
        with edgeprof.connect(device.address) as client:
            blocks.append(client.measure(model, device.setting, job_id="job-1").blocks)
    assert blocks[0] == blocks[1]


def test_asking_twice_for_a_job_measures_once(simulated_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        first = client.measure(model, simulated_device.setting, job_id="job-1")
        assert client.measure(model, simulated_device.setting, job_id="job-1") == first
        assert [(job.job_id, job.state) for job in client.jobs()] == [("job-1", JobState.SUCCEEDED)]


def test_each_event_arrives_once_and_in_order(shared_device: SimulatedDevice, model: Path) -> None:
    events: list[JobEvent] = []
    with edgeprof.connect(shared_device.address) as client:
        measurement = client.measure(model, shared_device.setting, job_id="events", on_event=events.append)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert tuple(event.event for event in events if isinstance(event.event, LatencyBlock)) == measurement.blocks


def test_an_upload_goes_on_at_the_byte_where_the_link_was_cut(simulated_device: SimulatedDevice, model: Path) -> None:
    size = len(model.read_bytes())
    with Link(simulated_device.address, cut_after_bytes=size // 2) as link, DeviceClient(link.address) as client:
        measurement = client.measure(model, simulated_device.setting, job_id="job-1")
    assert measurement.median_ms == pytest.approx(simulated_device.true_latency_ms(model), rel=0.01)


def test_a_slow_link_changes_no_sample(make_simulated_device: MakeDevice, model: Path) -> None:
    blocks = []
    for bytes_per_s in (None, 2_000_000):
        device = make_simulated_device(SimulationConfig(seed=5))
        with Link(device.address, bytes_per_s=bytes_per_s) as link, DeviceClient(link.address) as client:
            blocks.append(client.measure(model, device.setting, job_id="job-1").blocks)
    assert blocks[0] == blocks[1]


def test_a_job_outlives_its_connection(shared_device: SimulatedDevice, model: Path) -> None:
    """Cuts the link while the job runs: the host asks again and hears every event once."""
    events: list[JobEvent] = []
    with Link(shared_device.address) as link, DeviceClient(link.address) as client:

        def cut_once(event: JobEvent) -> None:
            events.append(event)
            if len(events) == 3:
                link.cut()

        client.measure(model, shared_device.setting, job_id="cut", on_event=cut_once)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))


def test_a_job_outlives_a_kill_of_its_agent(make_simulated_device: MakeDevice, model: Path) -> None:
    """The first attempt hangs, the agent is killed under it; after the restart the same call gets its result."""
    hangs_once = SimulationConfig(faults=(Fault(kind=FaultKind.HANG, at_run=20, job_count=1),))
    device = make_simulated_device(hangs_once)
    has_begun = threading.Event()
    with DeviceClient(device.address) as client, futures.ThreadPoolExecutor(1) as pool:
        measuring = pool.submit(
            client.measure, model, device.setting, job_id="job-1", on_event=lambda event: _note(event, has_begun)
        )
        assert has_begun.wait(30)
        device.kill()
        device.start()
        measurement = measuring.result(60)
        job = client.job("job-1")
    assert (job.state, job.attempt_count) == (JobState.SUCCEEDED, 2)
    assert measurement.median_ms == pytest.approx(device.true_latency_ms(model), rel=0.01)


def _note(event: JobEvent, has_begun: threading.Event) -> None:
    if isinstance(event.event, Progress) and event.event.phase is JobPhase.WARMING_UP:
        has_begun.set()


def test_a_cancelled_job_ends_as_cancelled(make_simulated_device: MakeDevice, model: Path) -> None:
    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=FaultKind.HANG, at_run=1),)))
    with DeviceClient(device.address) as client, pytest.raises(JobCancelledError):
        client.measure(
            model,
            device.setting,
            job_id="job-1",
            on_event=lambda event: client.cancel_job("job-1") if event.event is JobState.RUNNING else None,
        )


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        (FaultKind.CRASH, WorkerFailedError, "SIGSEGV|signal 11"),
        (FaultKind.FAIL_RUN, WorkerFailedError, "fails this run"),
        (FaultKind.REJECT_MODEL, ModelRejectedError, "rejects"),
    ],
)
def test_a_fault_of_the_device_has_an_exception_of_its_own(
    kind: FaultKind, error: type[Exception], text: str, make_simulated_device: MakeDevice, model: Path
) -> None:
    device = make_simulated_device(SimulationConfig(faults=(Fault(kind=kind, at_run=10, job_count=1),)))
    with edgeprof.connect(device.address) as client:
        with pytest.raises(error, match=text):
            client.measure(model, device.setting, job_id="job-1")
        # The next job runs.
        client.measure(model, device.setting, job_id="job-2")


def test_a_model_that_ended_its_worker_twice_is_measured_when_asked_for_by_name(
    make_simulated_device: MakeDevice, model: Path
) -> None:
    crash = Fault(kind=FaultKind.CRASH, at_run=10, job_count=2)
    device = make_simulated_device(SimulationConfig(faults=(crash,)))
    with edgeprof.connect(device.address) as client:
        for job_id in ("a", "b"):
            with pytest.raises(WorkerFailedError):
                client.measure(model, device.setting, job_id=job_id)
        with pytest.raises(ModelQuarantinedError, match="--release-model"):
            client.measure(model, device.setting, job_id="c")
        client.measure(model, device.setting, job_id="c", release_model=True)
        client.measure(model, device.setting, job_id="d")


def test_a_full_disk_on_the_device_is_said(own_edgeprof_folders: Path, model: Path) -> None:
    with (
        SimulatedDevice(own_edgeprof_folders / "device", has_full_disk=True) as device,
        edgeprof.connect(device.address) as client,
        pytest.raises(DeviceDiskFullError, match="disk"),
    ):
        client.measure(model, device.setting, job_id="job-1")


def test_requests_that_make_no_sense_are_refused_by_name(shared_device: SimulatedDevice, model: Path) -> None:
    setting = shared_device.setting
    with edgeprof.connect(shared_device.address) as client:
        with pytest.raises(RuntimeNotFoundError, match="nosuch"):
            client.measure(model, Setting(runtime="nosuch"), job_id="a")
        with pytest.raises(SettingNotSupportedError, match="float7"):
            client.measure(model, Setting(runtime="simulated", precision="float7"), job_id="b")
        with pytest.raises(InvalidRequestError, match="job_id"):
            client.measure(model, setting, job_id="no spaces please")
        with pytest.raises(JobNotFoundError, match="nosuch"):
            client.job("nosuch")
        client.measure(model, setting, job_id="c")
        with pytest.raises(JobConflictError, match="c"):
            client.measure(model, setting, job_id="c", plan=MeasurementPlan(timed_run_count=77))


def test_a_model_that_the_runtime_rejects_says_why(own_edgeprof_folders: Path, tmp_path: Path) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    unknown = tmp_path / "unknown.onnx"
    graph = helper.make_graph([helper.make_node("NoSuchOperator", ["x"], ["y"])], "g", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), unknown)
    runtimes = ("simulated", "onnxruntime")
    with (
        SimulatedDevice(own_edgeprof_folders / "device", runtimes=runtimes) as device,
        edgeprof.connect(device.address) as client,
    ):
        for runtime in runtimes:
            with pytest.raises(ModelRejectedError, match="NoSuchOperator"):
                client.measure(unknown, Setting(runtime=runtime), job_id=runtime)


def test_a_file_that_cannot_be_read_is_said(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    with edgeprof.connect(shared_device.address) as client:
        with pytest.raises(ModelFileError, match="No such file"):
            client.upload_model(tmp_path / "missing.onnx")
        with pytest.raises(ModelFileError, match="empty"):
            client.upload_model(tmp_path / "empty.onnx")


def test_an_address_where_nobody_answers_is_said() -> None:
    with pytest.raises(AgentUnavailableError, match="edgeprof-agent serve"):
        edgeprof.connect("127.0.0.1:1")


def test_an_agent_from_before_the_handshake_is_too_old() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with pytest.raises(AgentTooOldError, match="update edgeprof on the device"):
            edgeprof.connect(f"127.0.0.1:{port}")
    finally:
        server.stop(None).wait()
