"""The public call `benchmark`: one model measured on one device, its result stored and acknowledged."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.collection import collect_results
from edgeprof.measuring.model_sources import ModelSources, ReadyModel
from edgeprof.measuring.recording import FailureWatch, record_result
from edgeprof.measuring.setting_check import require_runnable
from edgeprof.measuring.sustained import SustainedCurve, require_time_for, sustained_curve, sustained_plan
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform, resolve_platform
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Result of a benchmark.

    Args:
        job_id: Id of the job on the device and of the measurement in the store.
        device: The device as its agent describes it.
        platform: The device with the setting.
        measurement: Every timed run, the conditions and the verdict.
        curve: Latency over time; None where no sustained work was asked for.
    """

    job_id: str
    device: Device
    platform: Platform
    measurement: Measurement
    curve: SustainedCurve | None


def benchmark(
    client: DeviceClient,
    model: str | os.PathLike[str],
    *,
    setting: Setting | None = None,
    plan: MeasurementPlan | None = None,
    sustained_s: float | None = None,
    allow_fallback: bool = False,
    release_model: bool = False,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    inputs: str | os.PathLike[str] | None = None,
    calibration: str | os.PathLike[str] | None = None,
    wants_operators: bool = False,
    wants_graph: bool = False,
    store: Store | str | os.PathLike[str] | None = None,
    on_event: Callable[[JobEvent], None] = lambda event: None,
    on_waiting: Callable[[Job], None] = lambda job: None,
    on_collected: Callable[[int], None] = lambda count: None,
) -> Benchmark:
    """Measure one model on a device, store the result, then acknowledge it.

    Results that the device keeps of earlier runs are stored first. Ctrl-C cancels the job on the device.

    Args:
        client: The device.
        model: File of the model, or a torch module as `path/to/file.py:callable` or `package.module:callable`.
        setting: How to run it; None for the default of the device, ONNX Runtime where it has that.
        plan: How long and how often to run it, see `make_plan`; None for the agent's, or that of sustained work.
        sustained_s: Time in timed runs, in seconds, over which latency is followed; None for no sustained work.
        allow_fallback: Whether nodes may run elsewhere than on the provider asked for.
        release_model: Whether to measure a model that has ended the device's worker twice.
        input_shapes: Shapes by the names of inputs that leave sizes open, or one size by that of an open dimension.
        inputs: An archive of NumPy (.npz) with the values of inputs by their names; None to generate every input.
        calibration: Calibration data (.npz) of a torch module in an integer precision; None for synthetic data.
        wants_operators: Whether to time each operator in runs of their own, after the measured ones.
        wants_graph: Whether to be told the graph that the engine made of the model, after the measured runs.
        store: Where the result goes, or its file; None for the user's own.
        on_event: Called with each event of the job.
        on_waiting: Called with the job where it has to wait for others: its position, and who runs meanwhile.
        on_collected: Called with the number of results of earlier runs that are new in the store, if there are any.

    Raises:
        EdgeprofError: If the device cannot be reached, it refuses model, setting or plan, or the measurement fails.
    """
    with opened(store) as store, ModelSources(client.device(), input_shapes, inputs, calibration) as sources:
        device, ready = sources.device, sources.model_for(model, setting)
        platform = _ready_platform(client, sources, ready, store, on_collected)
        with _new_job(client, on_event) as (job_id, watch):
            ask = partial(client.measure, job_id=job_id, on_event=watch, on_waiting=on_waiting, wants_graph=wants_graph)
            measurement = ask(
                ready.path,
                ready.setting,
                plan=_timed_plan(plan, sustained_s, device),
                allow_fallback=allow_fallback,
                release_model=release_model,
                wants_operators=wants_operators,
                **ready.given(),
            )
        record_result(client, store, job_id, platform, measurement, model_name=os.path.basename(model))
    return _benchmark_of(job_id, device, platform, measurement, is_sustained=sustained_s is not None)


def _benchmark_of(
    job_id: str, device: Device, platform: Platform, measurement: Measurement, *, is_sustained: bool
) -> Benchmark:
    curve = sustained_curve(measurement) if is_sustained else None
    return Benchmark(job_id=job_id, device=device, platform=platform, measurement=measurement, curve=curve)


def _timed_plan(plan: MeasurementPlan | None, sustained_s: float | None, device: Device) -> MeasurementPlan | None:
    """Return the plan, for sustained work one that the device allows the time for."""
    if sustained_s is None:
        return plan
    plan = plan or sustained_plan(sustained_s)
    require_time_for(plan, device.limits)
    return plan


def _ready_platform(
    client: DeviceClient,
    sources: ModelSources,
    ready: ReadyModel,
    store: Store,
    on_collected: Callable[[int], None],
) -> Platform:
    """Check what can be known before the upload, and bring results of earlier runs into the store."""
    device = sources.device
    sources.release()
    store.record_device(device, client.address, agent_version=client.agent_version)
    require_runnable(device, ready.setting, ready.path)
    platform = resolve_platform(device, ready.setting, ready.given_inputs())
    if count := collect_results(client, device, store):
        on_collected(count)
    return platform


@contextmanager
def _new_job(client: DeviceClient, on_event: Callable[[JobEvent], None]) -> Iterator[tuple[str, FailureWatch]]:
    """Yield the id of a job and what its events go to; leave none on the device where the block ends without a result.

    Nobody else knows the id.

    A job that has failed is acknowledged: the caller gets the failure, the store keeps none of a benchmark. Where
    Ctrl-C ends the block, the job is cancelled.
    """
    job_id, watch = f"benchmark-{uuid.uuid4().hex}", FailureWatch(on_event)
    try:
        yield job_id, watch
    except EdgeprofError:
        if watch.has_failed:
            client.acknowledge((job_id,))
        raise
    except KeyboardInterrupt as interruption:
        with suppress(EdgeprofError):
            client.cancel_job(job_id)
            client.acknowledge((job_id,))
        raise KeyboardInterrupt("the measurement was cancelled on the device") from interruption
