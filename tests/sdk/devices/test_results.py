"""Results are put together from the events of a job."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from factories import measurement_of, model_of

import edgeprof
from edgeprof.devices.remote_errors import translate_rpc_errors
from edgeprof.devices.results import ResultAssembly
from edgeprof.errors import UnreadableAnswerError
from edgeprof.store import Store
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto import wire
from edgeprof_proto.records.job import JobEvent, JobState
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.packed_runs import PackedRuns
from edgeprof_proto.v1 import job_pb2

LONG = MeasurementPlan(
    warmup_run_count=5, warmup_duration_ms=0.1, timed_run_count=120_000, timed_duration_ms=1.0, block_count=2
)
SHORT = replace(LONG, timed_run_count=20)


@pytest.fixture
def model() -> Path:
    space = get_space("nasbench201")
    return model_of(space, space.sample(1, seed=0)[0])


def journal_of(device: SimulatedDevice) -> Path:
    """The device's journal."""
    return next(device._config_path.parent.rglob("journal.sqlite3"))


def test_blocks_of_an_interrupted_attempt_are_no_part_of_the_result() -> None:
    blocks = [LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(float(index),)) for index in (1, 2, 3)]
    measurement = replace(measurement_of(1.0, 2.0), blocks=())
    payloads = [JobState.RUNNING, blocks[0], JobState.QUEUED, JobState.RUNNING, *blocks[1:], measurement]
    assembly = ResultAssembly()
    taken = [assembly.add(JobEvent(sequence=index, event=item)).event for index, item in enumerate(payloads, 1)]
    assert taken[:-1] == payloads[:-1]
    assert taken[-1] == replace(measurement, blocks=tuple(blocks[1:]))
    whole = JobEvent(sequence=1, event=replace(measurement, blocks=(blocks[0],)))
    assert assembly.add(whole) == whole, "an earlier agent sends the measurement with its blocks"


def test_many_runs_come_in_bounded_blocks_and_are_kept_packed(simulated_device: SimulatedDevice, model: Path) -> None:
    seen: list[int] = []

    def listen(event: JobEvent) -> None:
        if isinstance(event.event, LatencyBlock):
            seen.append(len(event.event.latency_ms))

    with edgeprof.connect(simulated_device.address) as client, Store() as store:
        plan = replace(LONG, max_duration_ms=3_600_000.0)
        measurement = client.measure(model, simulated_device.setting, job_id="long", plan=plan, on_event=listen)
        assert max(seen) == 50_000 and sum(len(block.latency_ms) for block in measurement.timed_blocks) == 120_000
        assert all(isinstance(block.latency_ms, PackedRuns) for block in measurement.timed_blocks)
        assert client.job("long").measurement == measurement
        edgeprof.benchmark(client, model, setting=simulated_device.setting, plan=SHORT, store=store)
        kept = store.measurement("long")
        assert kept == measurement
    assert measurement.median_ms == pytest.approx(simulated_device.true_latency_ms(model), rel=0.02)


def test_a_result_that_cannot_be_read_is_passed_over_and_does_not_block_the_others(
    simulated_device: SimulatedDevice, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    setting = simulated_device.setting
    with edgeprof.connect(simulated_device.address) as client, Store() as store:
        for job_id in ("bad", "good"):
            client.measure(model, setting, job_id=job_id, plan=SHORT)
        with closing(sqlite3.connect(journal_of(simulated_device))) as journal, journal:
            query = "SELECT events.rowid, body FROM events JOIN jobs ON number = job_number"
            row, body = journal.execute(f"{query} WHERE job_id = 'bad' AND kind = 'measurement'").fetchone()
            damaged = json.dumps({**json.loads(body), "load_ms": "quick"})
            journal.execute("UPDATE events SET body = ? WHERE rowid = ?", (damaged, row))
        for _ in range(2):
            edgeprof.benchmark(client, model, setting=setting, plan=SHORT, store=store)
        assert store.measurement("good") is not None and store.measurement("bad") is None
        states = {job.job_id: job.acknowledge_time is not None for job in client.jobs()}
        assert states["good"] and not states["bad"]
    assert "job bad is passed over" in caplog.text


def test_a_value_that_the_contract_does_not_allow_is_an_error_in_a_sentence() -> None:
    message = wire.to_message(measurement_of(1.0, 2.0), job_pb2.Measurement)
    message.blocks[0].latency_ms[0] = -1.0
    sentence = "agent at here:1 sent what this host cannot read"
    with pytest.raises(UnreadableAnswerError, match=sentence), translate_rpc_errors("here:1"):
        wire.from_message(Measurement, message)
