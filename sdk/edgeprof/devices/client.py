"""The client of one agent: its calls, repeated while the agent is silent, and measurements that survive disconnections.

After a dropped connection uploads resume at the byte where they broke off, a job continues without the host, and its
events are asked for again from where they stopped.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import tenacity

from edgeprof.devices.calls import AgentCalls
from edgeprof.devices.model_files import ModelFiles
from edgeprof.devices.remote_errors import remote_error
from edgeprof.devices.results import ResultAssembly
from edgeprof.errors import (
    AgentUnavailableError,
    EdgeprofError,
    JobNotFoundError,
    ModelTransferError,
    UploadLimitedError,
)
from edgeprof_proto.records.job import Failure, Job, JobEvent, JobState
from edgeprof_proto.records.job_spec import InputShape, JobKind, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.records.model_profile import ModelProfile

logger = logging.getLogger(__name__)

T = TypeVar("T")

DEFAULT_PATIENCE_S = 60.0
"""How long a silent agent is asked again before the host gives up, from the last progress: a board restarts within a
minute."""


class DeviceClient(AgentCalls):
    """A connection to the agent of one device. Use `edgeprof.connect`, or close it as a context manager does.

    Args:
        address: `host:port` of the agent.
        patience_s: How long to ask a silent agent again before giving up, in seconds from the last progress.
        host_name: Name by which the agent shares its time between hosts where there is no pairing; None for the
            machine's own.

    Raises:
        NotPairedError: If this host must be paired with the device and is not.
        DeviceChangedError: If it is paired, and something else answers at the address.
        PairingFileError: If this host's key and paired devices cannot be read.
        AgentUnavailableError: If no agent answers at an address beyond loopback that is not known.
    """

    def __init__(self, address: str, *, patience_s: float = DEFAULT_PATIENCE_S, host_name: str | None = None) -> None:
        super().__init__(address, host_name=host_name)
        self._patience_s = patience_s

    def measure(
        self,
        model: Path | ModelFiles,
        setting: Setting,
        *,
        job_id: str,
        plan: MeasurementPlan | None = None,
        allow_fallback: bool = False,
        on_event: Callable[[JobEvent], None] | None = None,
        on_waiting: Callable[[Job], None] = lambda job: None,
        release_model: bool = False,
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: Path | None = None,
        wants_operators: bool = False,
        wants_graph: bool = False,
    ) -> Measurement:
        """Measure a model; with the id of an earlier job, attach to that one.

        After a break of the connection the device is asked again for up to `patience_s`. The device keeps the job,
        measured or failed, until the caller has stored what came of it and calls `acknowledge`.

        Args:
            model: The main file of the model, beside which its other files lie; or what `find_model_files` found.
            setting: How to run it.
            job_id: Id of the job, chosen by the caller.
            plan: How long and how often; None for the agent's default.
            allow_fallback: Whether some nodes may run elsewhere than on the provider asked for.
            on_event: Called with each event of the job, once.
            on_waiting: Called with the job where it has to wait for others: its position, and who runs meanwhile.
            release_model: Whether to measure a model that has ended its worker twice.
            input_shapes: Shapes by the names of inputs that leave sizes open, and sizes by the names of open
                dimensions, one each.
            inputs: An archive of NumPy (.npz) with the values of inputs by their names; None to generate every input.
            wants_operators: Whether to time each operator in runs of their own.
            wants_graph: Whether to be told the graph that the engine made of the model.

        Raises:
            AgentTooOldError: If the agent cannot be given inputs, or asked for operators or the graph.
            AgentUnavailableError: If the agent stays silent for longer than `patience_s`.
            RemoteError: If the agent refuses the job or it fails; the class says why.
        """
        spec_of = partial(
            JobSpec,
            setting=setting,
            plan=plan or MeasurementPlan(),
            input_seed=0,
            allow_fallback=allow_fallback,
            **self._input_fields(input_shapes, inputs),
            **self._wish_fields(wants_operators=wants_operators, wants_graph=wants_graph),
        )
        upload = partial(self.upload_model, model, runtime=setting.runtime)
        for event in self._follow_from_creation(job_id, upload, spec_of, on_waiting, release_model=release_model):
            if on_event is not None:
                on_event(event)
            if isinstance(event.event, Measurement):
                return event.event
            if isinstance(event.event, Failure):
                raise remote_error(event.event.reason, event.event.message)
        raise self._ended_silently(job_id)

    def profile(
        self,
        model: Path | ModelFiles,
        setting: Setting,
        *,
        job_id: str,
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: Path | None = None,
        on_waiting: Callable[[Job], None] = lambda job: None,
    ) -> ModelProfile:
        """Have a model loaded, and return the graph that the engine made of it, without measuring it.

        Args:
            model: The main file of the model, beside which its other files lie; or what `find_model_files` found.
            setting: How it would run.
            job_id: Id of the job, chosen by the caller, who acknowledges it.
            input_shapes: Shapes and sizes, as `measure` takes them.
            inputs: Values of inputs, as `measure` takes them.
            on_waiting: Called with the job where it has to wait for others.

        Raises:
            AgentTooOldError: If the agent cannot be asked for a graph.
            AgentUnavailableError: If the agent stays silent for longer than the client's patience.
            RemoteError: If the agent refuses the job or it fails; the class says why.
        """
        self.require_revision(5, "tell the graph of a model")
        spec_of = partial(JobSpec, setting=setting, kind=JobKind.GRAPH, **self._input_fields(input_shapes, inputs))
        upload = partial(self.upload_model, model, runtime=setting.runtime)
        profile: ModelProfile | None = None
        for event in self._follow_from_creation(job_id, upload, spec_of, on_waiting, release_model=False):
            if isinstance(event.event, ModelProfile):
                profile = event.event
            elif isinstance(event.event, Failure):
                raise remote_error(event.event.reason, event.event.message)
        if profile is None:
            raise self._ended_silently(job_id)
        return profile

    def _ended_silently(self, job_id: str) -> AgentUnavailableError:
        return AgentUnavailableError(f"the agent at {self.address} ended job {job_id} without saying how it went")

    def _input_fields(self, input_shapes: Mapping[str, Sequence[int]], inputs: Path | None) -> dict[str, Any]:
        """Return the fields of a spec for given inputs, which agents before revision 4 do not know; uploads them."""
        shapes = tuple(InputShape(name=name, sizes=tuple(sizes)) for name, sizes in input_shapes.items())
        if not shapes and inputs is None:
            return {}
        self.require_revision(4, "be given inputs")
        sha256 = "" if inputs is None else self._patiently(partial(self.upload_file, inputs))
        return {"input_shapes": shapes, "inputs_sha256": sha256}

    def _wish_fields(self, *, wants_operators: bool, wants_graph: bool) -> dict[str, Any]:
        """Return the fields of a spec for what is wanted beside the runs, which earlier agents do not know."""
        if wants_operators:
            self.require_revision(4, "tell the times of operators")
        if wants_graph:
            self.require_revision(5, "tell the graph of a model")
        return {"wants_operators": wants_operators, "wants_graph": wants_graph}

    def _follow_from_creation(
        self,
        job_id: str,
        upload: Callable[[], str],
        spec_of: Callable[..., JobSpec],
        on_waiting: Callable[[Job], None],
        *,
        release_model: bool,
    ) -> Iterator[JobEvent]:
        """Create a job and watch it; create it again where the device dropped it before it began."""
        while True:
            sha256 = self._patiently(upload)
            spec = spec_of(model_sha256=sha256)
            job = self._patiently(partial(self.create_job, job_id, spec, release_model=release_model))
            if job.queue_position:
                on_waiting(job)
            is_begun = False
            assembly = ResultAssembly()
            try:
                for event in map(assembly.add, self._follow(job_id)):
                    is_begun = is_begun or event.event is JobState.RUNNING
                    yield event
                return
            except JobNotFoundError:
                if is_begun:
                    raise
                logger.warning("the device at %s no longer knows job %s; asking for it again", self.address, job_id)

    def _follow(self, job_id: str) -> Iterator[JobEvent]:
        """Watch a job to its end across breaks of the connection, each event once."""
        sequence = 0
        while True:
            progressed = False
            try:
                for event in self.watch_job(job_id, from_sequence=sequence + 1):
                    sequence, progressed = event.sequence, True
                    yield event
                return
            except AgentUnavailableError:
                logger.warning("connection to %s broke; asking again", self.address)
                if not progressed:
                    self._patiently(lambda: self.job_status(job_id))

    def _patiently(self, call: Callable[[], T]) -> T:
        """Make a call again while the agent is silent, for `patience_s` from the last progress."""
        self.progress.note()
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((AgentUnavailableError, ModelTransferError, UploadLimitedError)),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5.0),
            stop=lambda _: self.progress.idle_s() >= self._patience_s,
            reraise=True,
        )(call)


def connect(address: str) -> DeviceClient:
    """Connect to the agent of a device.

    Args:
        address: `host:port`.

    Raises:
        AgentUnavailableError: If no agent answers there.
        AgentTooOldError: If the agent's contract is older than this host needs.
        HostTooOldError: If the agent no longer understands this host.
        NotPairedError: If this host must be paired with the device and is not.
        DeviceChangedError: If it is paired, and something else answers at the address.
        PairingFileError: If this host's key and paired devices cannot be read.
    """
    client = DeviceClient(address)
    try:
        client.handshake()
    except EdgeprofError:
        client.close()
        raise
    return client
