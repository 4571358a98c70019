"""Loads the model of a request inside the worker process: cores, runtime, given inputs, and the check of its files."""

import functools
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edgeprof_agent.device.processor import read_cpu
from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_agent.isolation.cpu_affinity import bind_to_cores, without_cores
from edgeprof_agent.models.model_file import check_model_file
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.base import JOB_ID_VARIABLE, LoadedModel, Runtime
from edgeprof_agent.runtimes.given_inputs import GivenInputs
from edgeprof_agent.runtimes.registry import make_runtime, runtime_type
from edgeprof_agent.worker.memory_watch import MemoryWatch
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_agent.worker.server_link import ServerLink
from edgeprof_proto.records.job import JobPhase
from edgeprof_proto.records.job_spec import ALL_CORES, CORES_OPTION, Setting
from edgeprof_proto.records.model_manifest import ManifestInput

THREAD_COUNT_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables from which libraries of an engine read their number of threads when they are loaded."""

_runtime_type = functools.cache(runtime_type)
"""Finds the class of a runtime once: a series makes one for each model, and finding it takes 10 ms."""


@contextmanager
def loaded_model(
    request: WorkerRequest, link: ServerLink, memory: MemoryWatch | None = None
) -> Iterator[tuple[LoadedModel, tuple[int, ...]]]:
    """Load the model of a request for the length of the block.

    Args:
        request: What to load.
        link: Gets the event that it is being loaded.
        memory: Notes the memory of each step; None where nobody asks.

    Yields:
        The model, and the cores that were asked for; none where any will do.

    Raises:
        AgentError: If the runtime or the model failed.
    """
    spec = request.spec
    for name in THREAD_COUNT_VARIABLES:
        os.environ[name] = str(spec.setting.thread_count)
    os.environ[JOB_ID_VARIABLE] = request.job_id
    link.emit("progress", {"phase": JobPhase.LOADING.value})
    # Before the engine starts its threads, which inherit the affinity.
    asked_cores = bind_to_cores(spec.setting, read_cpu())
    runtime = make_runtime(_runtime_type(spec.setting.runtime))
    runtime.given_inputs = _given_inputs(request)
    runtime.model_inputs = tuple(map(_declared_input, request.model_inputs))
    model_path = Path(request.model_path)
    if request.isolation is not None:
        check_model_file(
            model_path,
            runtime.model_formats,
            memory_bytes=request.isolation.memory_bytes,
            batch_size=spec.setting.batch_size,
            others={name: model_path.with_name(name) for name in request.other_files},
            inputs=runtime.model_inputs,
        )
    if memory is not None:
        memory.note_before_engine()
        runtime.load_engine()
        if not gc.get_freeze_count():
            # What was imported stays: each measurement has garbage collected, which looks through all else.
            gc.freeze()
        memory.note_engine()
    model = runtime.load(model_path, without_cores(spec.setting), input_seed=spec.input_seed)
    try:
        _require_given(runtime, model)
        yield model, asked_cores
    finally:
        model.close()


def setting_in_force(of_runtime: Setting, asked: Setting) -> Setting:
    """Return the setting in force, with the cores that were asked for.

    Args:
        of_runtime: The setting in force, as the runtime tells it.
        asked: The setting as the host asked for it.
    """
    cores = asked.options.get(CORES_OPTION, ALL_CORES)
    return (
        of_runtime if cores == ALL_CORES else replace(of_runtime, options={**of_runtime.options, CORES_OPTION: cores})
    )


def _given_inputs(request: WorkerRequest) -> GivenInputs:
    shapes = {shape.name: shape.sizes for shape in request.spec.input_shapes}
    given = GivenInputs(shapes, Path(request.inputs_path) if request.inputs_path else None)
    if request.isolation is not None:
        given.check_memory(request.isolation.memory_bytes)
    return given


def _require_given(runtime: Runtime, model: LoadedModel) -> None:
    """Check that a runtime runs the model on what the host gives, as far as it tells its inputs.

    Raises:
        SettingNotSupportedError: If it does not.
    """
    given = runtime.given_inputs
    if not given:
        return
    told = {item.name: item.sizes for item in model.inputs}
    wrong = [name for name, sizes in given.shapes.items() if name in told and told[name] != tuple(sizes)]
    if not given.is_used or wrong or (given.archive is not None and not any(item.is_given for item in model.inputs)):
        raise SettingNotSupportedError(
            f"runtime {runtime.name!r} does not run models on shapes or values that are given for their inputs; leave "
            "them out, or name another runtime"
        )


def _declared_input(value: ManifestInput) -> InputSignature:
    dimensions = tuple(None if size == -1 else size for size in value.sizes)
    return InputSignature(value.name, value.element_type, dimensions)
