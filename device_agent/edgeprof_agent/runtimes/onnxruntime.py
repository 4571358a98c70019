"""ONNX Runtime: models in ONNX files, on the execution providers of the installed build.

ONNX Runtime has no option for the precision: a model computes in the types of its file. The precision of a result is
therefore read from the file, and asking for another is refused. A
run is `InferenceSession.run`, as most programs call it: providers with their own memory copy inputs and outputs. (With
bound inputs and outputs, networks of 0.5 to 1.2 ms were 1 to 2 % faster.) Threads spin between runs, the default of
ONNX Runtime.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.file_precision import with_precision_of_file
from edgeprof_agent.runtimes.generated_inputs import Feeds, generate_inputs
from edgeprof_agent.runtimes.onnxruntime_errors import error_text
from edgeprof_agent.runtimes.onnxruntime_graph import positions_of, read_graph, save_graph
from edgeprof_agent.runtimes.onnxruntime_profile import count_nodes, time_nodes
from edgeprof_agent.runtimes.onnxruntime_providers import PROVIDER_OPTIONS, adjust_session, options_of_provider
from edgeprof_agent.runtimes.operator_times import repeat_run
from edgeprof_agent.runtimes.telemetry import turn_telemetry_off
from edgeprof_proto.records.device import RuntimeInfo, RuntimeOption
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import OperatorTime
from edgeprof_proto.shared.model_formats import ONNX
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import Model, read_model
from edgeprof_proto.shared.onnx_precision import PRECISIONS, precision_of

CPU_PROVIDER = "CPUExecutionProvider"

REMOTE_PROVIDERS = frozenset({"AzureExecutionProvider"})
"""Providers that run a model on another machine."""

GRAPH_OPTIMIZATIONS = {
    "all": "ORT_ENABLE_ALL",
    "extended": "ORT_ENABLE_EXTENDED",
    "basic": "ORT_ENABLE_BASIC",
    "disabled": "ORT_DISABLE_ALL",
}
"""Values of the option "graph_optimization" and their names in ONNX Runtime, the default first."""

LOG_SEVERITY_ERROR = 3

Result = TypeVar("Result")


class OnnxRuntime(Runtime):
    """The runtime "onnxruntime"."""

    name = "onnxruntime"
    model_formats = (ONNX,)

    def describe(self) -> RuntimeInfo | None:
        """Return the version, the providers on this device and the options."""
        try:
            return _describe(_import_onnxruntime())
        except RuntimeNotFoundError as error:
            return RuntimeInfo(name=self.name, unavailable_reason=str(error))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Create a session and its inputs."""
        onnxruntime = _import_onnxruntime()
        resolved = resolve_setting(setting, _describe(onnxruntime))
        model = _read_model(model_path)
        resolved = with_precision_of_file(
            resolved,
            setting,
            precision_of(model),
            remedy="ONNX Runtime computes in the precision of the file, so leave the precision out or export the model "
            "in another",
        )
        start_ns = time.perf_counter_ns()
        session = _create_session(onnxruntime, model_path, resolved)
        load_ms = (time.perf_counter_ns() - start_ns) / 1e6
        feeds, inputs = generate_inputs(model, resolved.batch_size, input_seed, given=self.given_inputs)
        return _OnnxModel(session, feeds, model_path, setting=resolved, load_ms=load_ms, inputs=inputs)


class _OnnxModel(LoadedModel):
    def __init__(
        self,
        session: Any,
        feeds: Feeds,
        model_path: Path,
        *,
        setting: Setting,
        load_ms: float,
        inputs: tuple[GeneratedInput, ...],
    ) -> None:
        super().__init__(setting=setting, load_ms=load_ms, inputs=inputs)
        self._run: Any = session.run
        self._feeds = feeds
        self._model_path = model_path
        self._told_types: list[str] | None = None

    def run_once(self) -> None:
        """Run the session on the generated inputs."""
        try:
            self._run(None, self._feeds)
        except Exception as error:
            raise RunFailedError(f"ONNX Runtime failed to run the model: {error_text(error)}") from error

    def count_nodes(self) -> dict[str, int]:
        """Run the model once in a session with profiling, also where the CPU is the only provider."""
        return self._profile(_run_once, count_nodes)

    def read_graph(self) -> OptimizedGraph | None:
        """Run the model once in a session that writes its graph; None where a provider has compiled parts of it."""
        try:
            graph = self._profile(_try_once, self._read_graph, saves_graph=True)
        except ModelRejectedError:
            return None
        self._told_types = [node.type for node in graph.nodes]
        return graph

    def time_operators(self) -> Sequence[OperatorTime]:
        """Run the model several times in a session with profiling."""
        if self._told_types is None:
            return self._profile(repeat_run, time_nodes)
        return self._profile(repeat_run, self._time_told_nodes, saves_graph=True)

    def _time_told_nodes(self, profile_path: Path) -> list[OperatorTime]:
        # Each session makes up other names for the nodes that it adds; their order is the same.
        graph = self._read_graph(profile_path)
        is_told = [node.type for node in graph.nodes] == self._told_types
        return time_nodes(profile_path, positions_of(graph) if is_told else {})

    def _read_graph(self, profile_path: Path) -> OptimizedGraph:
        return read_graph(profile_path.parent, profile_path, self._feeds)

    def _profile(
        self,
        repeat: Callable[[Callable[[], object]], object],
        read: Callable[[Path], Result],
        *,
        saves_graph: bool = False,
    ) -> Result:
        """Run the model in a session with profiling, and read the profile."""
        # Releases the first session: two at once would need twice the memory. Profiling slows runs down.
        self._run = None
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            adjust = partial(save_graph, folder=folder) if saves_graph else _leave
            session = _create_session(
                _import_onnxruntime(), self._model_path, self.setting, profile_prefix=f"{folder}/profile", adjust=adjust
            )
            try:
                repeat(partial(session.run, None, self._feeds))
            except Exception as error:
                raise RunFailedError(f"ONNX Runtime failed to run the model: {error_text(error)}") from error
            finally:
                profile_path = Path(session.end_profiling())
            try:
                return read(profile_path)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise RunFailedError(f"the profile of ONNX Runtime cannot be read: {error}") from error


def _run_once(run: Callable[[], object]) -> None:
    run()


def _try_once(run: Callable[[], object]) -> None:
    # The graph is there also where a run fails, without the shapes.
    with suppress(Exception):
        run()


def _leave(options: Any) -> None:
    """Leave the options of a session as they are."""


def _import_onnxruntime() -> Any:
    turn_telemetry_off()
    try:
        import numpy  # noqa: F401 - only to report that it is missing
        import onnxruntime
    except ImportError as error:
        raise RuntimeNotFoundError(
            f"ONNX Runtime cannot be imported ({error}); install it with: pip install 'edgeprof[onnxruntime]'"
        ) from error
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(LOG_SEVERITY_ERROR)
    return onnxruntime


def _describe(onnxruntime: Any) -> RuntimeInfo:
    providers = tuple(name for name in onnxruntime.get_available_providers() if name not in REMOTE_PROVIDERS)
    return RuntimeInfo(
        name=OnnxRuntime.name,
        version=onnxruntime.__version__,
        providers=providers,
        precisions=PRECISIONS,
        is_precision_of_model=True,
        options=(
            RuntimeOption(name="graph_optimization", values=tuple(GRAPH_OPTIMIZATIONS)),
            *(
                RuntimeOption(name=name, values=values, providers=(provider,))
                for provider in providers
                for name, values in PROVIDER_OPTIONS.get(provider, {}).items()
            ),
        ),
    )


def _create_session(
    onnxruntime: Any,
    model_path: Path,
    setting: Setting,
    *,
    profile_prefix: str | None = None,
    adjust: Callable[[Any], None] = _leave,
) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setting.thread_count
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    level = GRAPH_OPTIMIZATIONS[setting.options["graph_optimization"]]
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.log_severity_level = LOG_SEVERITY_ERROR
    if profile_prefix is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    adjust_session(options, setting)
    adjust(options)
    providers: list[Any] = [CPU_PROVIDER]
    if setting.provider != CPU_PROVIDER:
        providers.insert(0, (setting.provider, options_of_provider(setting)))
    try:
        session = onnxruntime.InferenceSession(str(model_path), options, providers=providers)
    except Exception as error:  # ONNX Runtime's own errors have no base but Exception.
        raise ModelRejectedError(f"ONNX Runtime cannot load the model: {error_text(error)}") from error
    if setting.provider not in session.get_providers():
        raise SettingNotSupportedError(
            f"{setting.provider} could not be started on this device; the runtime offers: "
            f"{', '.join(session.get_providers())}"
        )
    return session


def _read_model(path: Path) -> Model:
    try:
        return read_model(path)
    except ModelContentError as error:
        raise ModelRejectedError(str(error)) from error
    except OSError as error:
        raise ModelRejectedError(f"the model's file cannot be read: {error.strerror}") from error
