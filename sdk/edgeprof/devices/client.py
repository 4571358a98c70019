"""The client of one agent: its calls, repeated while the agent is silent, and measurements that survive disconnections.

After a dropped connection uploads resume at the byte where they broke off, a job continues without the host, and its
events are asked for again from where they stopped.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgeprof.devices.job_following import JobFollowing
from edgeprof.devices.model_files import ModelFiles
from edgeprof.devices.remote_errors import remote_error
from edgeprof.devices.results import ResultAssembly
from edgeprof.errors import AgentUnavailableError, EdgeprofError
from edgeprof_proto.records.job import Failure, Job, JobEvent, ModelResult
from edgeprof_proto.records.job_spec import InputShape, JobKind, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.records.model_profile import ModelProfile


class DeviceClient(JobFollowing):
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

    def measure_series(
        self,
        models: Sequence[Path | ModelFiles],
        setting: Setting,
        *,
        job_id: str,
        plan: MeasurementPlan | None = None,
        allow_fallback: bool = False,
        wants_operators: bool = False,
        wants_graph: bool = False,
        on_result: Callable[[ModelResult], None] = lambda result: None,
        on_event: Callable[[JobEvent], None] = lambda event: None,
        on_waiting: Callable[[Job], None] = lambda job: None,
    ) -> list[ModelResult]:
        """Measure several models one after the other in one worker process, so that its start does not dominate.

        Args:
            models: The models, up to `MAX_SERIES_COUNT`. One that is there twice is measured once.
            setting: How to run each.
            job_id: Id of the job, chosen by the caller, who acknowledges it.
            plan: How long and how often to run each; None for the agent's default.
            allow_fallback: Whether some nodes may run elsewhere than on the provider asked for.
            wants_operators: Whether to time each operator in runs of their own.
            wants_graph: Whether to be told the graph that the engine made of each model.
            on_result: Called with what came of each model, as soon as it is there.
            on_event: Called with each event of the job, before `on_result`.
            on_waiting: Called with the job where it has to wait for others.

        Returns:
            What came of each model, in the order of `models`: its measurement, or why there is none.

        Raises:
            AgentTooOldError: If the agent does not know series.
            AgentUnavailableError: If the agent stays silent for longer than the client's patience.
            RemoteError: If the agent refuses the job, or its worker died; `on_result` has what came before.
        """
        self.require_revision(5, "measure a series of models")
        hashes: list[str] = []

        def upload() -> str:
            hashes[:] = [self.upload_model(model, runtime=setting.runtime) for model in models]
            return hashes[0]

        def spec_of(model_sha256: str) -> JobSpec:
            further = tuple(sha256 for sha256 in dict.fromkeys(hashes) if sha256 != model_sha256)
            return spec_of_models(model_sha256=model_sha256, further_model_sha256s=further)

        wishes = self._wish_fields(wants_operators=wants_operators, wants_graph=wants_graph)
        fields = {"plan": plan or MeasurementPlan(), "allow_fallback": allow_fallback, **wishes}
        spec_of_models = partial(JobSpec, kind=JobKind.SERIES, setting=setting, **fields)
        events = self._follow_from_creation(job_id, upload, spec_of, on_waiting, release_model=False)
        results = _results_of(events, on_result, on_event)
        if missing := set(hashes) - results.keys():
            raise self._ended_silently(f"{job_id}, {len(missing)} of its models untold,")
        return [results[sha256] for sha256 in hashes]

    def follow_series(
        self,
        job_id: str,
        *,
        on_result: Callable[[ModelResult], None],
        on_event: Callable[[JobEvent], None] = lambda event: None,
    ) -> None:
        """Follow a series that was asked for before to its end, from its first event on.

        Args:
            job_id: Id of the job.
            on_result: Called with what came of each model.
            on_event: Called with each event of the job, before `on_result`.

        Raises:
            JobNotFoundError: If the device does not know the job.
            AgentUnavailableError: If the agent stays silent for longer than the client's patience.
            RemoteError: If its worker died; `on_result` has what came before.
        """
        _results_of(map(ResultAssembly().add, self._follow(job_id)), on_result, on_event)

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


def _results_of(
    events: Iterable[JobEvent], on_result: Callable[[ModelResult], None], on_event: Callable[[JobEvent], None]
) -> dict[str, ModelResult]:
    """Pass the events of a series on, and return what came of each model by its SHA-256."""
    results: dict[str, ModelResult] = {}
    for event in events:
        on_event(event)
        if isinstance(event.event, ModelResult):
            results[event.event.model_sha256] = event.event
            on_result(event.event)
        elif isinstance(event.event, Failure):
            raise remote_error(event.event.reason, event.event.message)
    return results


def connect(address: str) -> DeviceClient:
    """Connect to the agent of a device.

    Args:
        address: `host:port`, or the name of a device on this host.

    Raises:
        InvalidAddressError: If it is neither.
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
