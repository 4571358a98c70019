"""OpenVINO: models in ONNX files and in OpenVINO's own format (IR), on the devices of the installed package.

OpenVINO decides the precision when it compiles a model, and its own default is bfloat16 on processors that have it. So
a precision is always asked for, float32 where the setting leaves it open, and read back from the compiled model. Of a
quantised model (QuantizeLinear and DequantizeLinear, or IR with FakeQuantize) OpenVINO runs in int8 what it has kernels
for, whatever is asked for: that is read from the kernels that it chose. A run is a call of the compiled model, as most
programs do it. Shapes are fixed before the model is compiled.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.file_precision import QUANTISED, with_quantisation
from edgeprof_agent.runtimes.generated_inputs import Feeds, generate_inputs
from edgeprof_agent.runtimes.openvino_graph import ELEMENT_TYPES, read_graph
from edgeprof_agent.runtimes.openvino_inputs import uses_of_inputs
from edgeprof_agent.runtimes.openvino_messages import error_text
from edgeprof_agent.runtimes.openvino_nodes import (
    Reading,
    computes_in_integers,
    read_counters,
    time_nodes,
    window_sizes,
)
from edgeprof_agent.runtimes.telemetry import turn_telemetry_off
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import OperatorTime
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import ONNX, OPENVINO_IR, recognise_format
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import read_model

CPU = "CPU"

PRECISION_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
"""Precisions that can be asked for, and their names in OpenVINO, the default first."""

FRONTENDS = {ONNX: "onnx", OPENVINO_IR: "ir"}
"""OpenVINO's reader of each format. `Core.read_model` asks all readers, which print their complaints."""


class OpenVinoRuntime(Runtime):
    """The runtime "openvino"."""

    name = "openvino"
    model_formats = (ONNX, OPENVINO_IR)

    def describe(self) -> RuntimeInfo | None:
        """Return the version, the devices and the precisions that they keep when asked."""
        try:
            openvino = _import_openvino()
            return _describe(openvino, openvino.Core())
        except RuntimeNotFoundError as error:
            return RuntimeInfo(name=self.name, unavailable_reason=str(error))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Read the model, generate its inputs and compile it for their shapes."""
        openvino = _import_openvino()
        core = openvino.Core()
        resolved = resolve_setting(setting, self.described or _describe(openvino, core))
        model_format = _format_of(model_path)
        start_ns = time.perf_counter_ns()
        model = _read(openvino, model_path, model_format)
        read_ns = time.perf_counter_ns() - start_ns
        signature = _signature(model)
        batch_size, given = resolved.batch_size, self.given_inputs
        if model_format == ONNX:
            feeds, inputs = generate_inputs(_read_onnx(model_path), batch_size, input_seed, given=given)
        else:
            uses = uses_of_inputs(model, [value.name for value in signature], batch_size)
            feeds, inputs = generate_inputs(signature, batch_size, input_seed, given=given, uses=uses)
        if unknown := sorted({value.name for value in signature} - set(feeds)):
            raise ModelRejectedError(
                f"the value {unknown[0][:80]!r} is read before any operator writes it: the graph has a cycle, or lacks "
                "an input; export the model anew"
            )
        if set(feeds) != {value.name for value in signature}:
            # A reader may drop an input that no operator uses.
            feeds, inputs = generate_inputs(signature, batch_size, input_seed, given=given)
        start_ns = time.perf_counter_ns()
        compiled = _compile(core, model, feeds, resolved)
        load_ms = (read_ns + time.perf_counter_ns() - start_ns) / 1e6
        return _OpenVinoModel(
            core, model, compiled, feeds, setting=_in_force(compiled, resolved, setting), load_ms=load_ms, inputs=inputs
        )


class _OpenVinoModel(LoadedModel):
    def __init__(
        self,
        core: Any,
        model: Any,
        compiled: Any,
        feeds: Feeds,
        *,
        setting: Setting,
        load_ms: float,
        inputs: tuple[GeneratedInput, ...],
    ) -> None:
        super().__init__(setting=setting, load_ms=load_ms, inputs=inputs)
        self._core = core
        self._model = model
        self._compiled = compiled
        self._request: Any = None
        self._profiled_run_count = 0
        self._first_reading: Reading | None = None
        self._positions: dict[str, int] = {}
        self._feeds = list(feeds.values())

    def run_once(self) -> None:
        """Call the compiled model with the generated inputs."""
        try:
            self._compiled(self._feeds)
        except Exception as error:  # OpenVINO's errors have no base but Exception.
            raise RunFailedError(f"OpenVINO failed to run the model: {error_text(error)}") from error

    def count_nodes(self) -> dict[str, int]:
        """Run the model once, compiled with a profile, and count the nodes that were executed."""
        count = len(self._profile(1).executed)
        return {self.setting.provider: count} if count else {}

    def read_graph(self) -> OptimizedGraph | None:
        """Return the runtime model."""
        try:
            graph = read_graph(self._compiled, self._model, self.setting.provider)
        except RuntimeError as error:
            raise RunFailedError(f"OpenVINO does not tell its graph: {error_text(error)}") from error
        self._positions = {node.name: position for position, node in enumerate(graph.nodes)}
        return graph

    def time_operators(self) -> Sequence[OperatorTime]:
        """Run the model in several windows, compiled with a profile."""
        first = self._first_reading or self._profile(1)
        start_s = time.monotonic()
        readings = [first, self._profile(1)]
        sizes = window_sizes(time.monotonic() - start_s)
        readings += [self._profile(size) for size in sizes]
        return time_nodes(readings, self._compiled, self.setting.provider, self._positions)

    def _profile(self, run_count: int) -> Reading:
        """Run the model, compiled with a profile, and read its counters."""
        if self._request is None:
            # Released first: two at once would need twice the memory.
            self._compiled = None
            self._compiled = _compile_for(self._core, self._model, self.setting, {"PERF_COUNT": True})
            self._request = self._compiled.create_infer_request()
        try:
            for _ in range(run_count):
                self._request.infer(self._feeds)
            self._profiled_run_count += run_count
            reading = read_counters(self._request.profiling_info, self._profiled_run_count)
        except Exception as error:
            raise RunFailedError(f"OpenVINO failed to run the model: {error_text(error)}") from error
        self._first_reading = self._first_reading or reading
        return reading


def _import_openvino() -> Any:
    turn_telemetry_off()
    try:
        import numpy  # noqa: F401 - only to report that it is missing
        import openvino
    except ImportError as error:
        raise RuntimeNotFoundError(
            f"OpenVINO cannot be imported ({error}); install it with: pip install 'edgeprof[openvino]'"
        ) from error
    return openvino


def _describe(openvino: Any, core: Any) -> RuntimeInfo:
    devices = sorted(core.available_devices, key=lambda name: name == CPU)
    return RuntimeInfo(
        name=OpenVinoRuntime.name,
        # "2026.4.1-22982-e213a147257-releases/2026/4"
        version=str(openvino.__version__).partition("-")[0],
        providers=tuple(devices),
        precisions=(*_precisions_kept(openvino, core, devices), QUANTISED),
        model_formats=OpenVinoRuntime.model_formats,
    )


def _precisions_kept(openvino: Any, core: Any, devices: Sequence[str]) -> tuple[str, ...]:
    """Return the precisions that a device still has after a model of one node was compiled with them."""
    source = openvino.opset8.parameter([1, 4], openvino.Type.f32)
    model = openvino.Model([openvino.opset8.relu(source)], [source])
    kept = []
    for precision, hint in PRECISION_HINTS.items():
        for device in devices:
            try:
                compiled = core.compile_model(model, device, {"INFERENCE_PRECISION_HINT": hint})
            except RuntimeError:
                continue
            if _precision_hint(compiled) == hint:
                kept.append(precision)
                break
    return tuple(kept)


def _format_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = recognise_format(file.read(HEAD_BYTES))
    except OSError as error:
        raise ModelRejectedError(f"the model's file cannot be read: {error.strerror}") from error
    if found not in FRONTENDS:
        raise ModelRejectedError("the file is neither an ONNX model nor an OpenVINO model (IR, .xml)")
    return found


def _read(openvino: Any, path: Path, model_format: str) -> Any:
    frontend = openvino.frontend.FrontEndManager().load_by_framework(FRONTENDS[model_format])
    try:
        return frontend.convert(frontend.load(str(path)))
    except Exception as error:
        raise ModelRejectedError(f"OpenVINO cannot read the model: {error_text(error)}") from error


def _read_onnx(path: Path) -> Any:
    try:
        return read_model(path)
    except (ModelContentError, OSError) as error:
        raise ModelRejectedError(f"the inputs of the model cannot be read: {error}") from error


def _signature(model: Any) -> list[InputSignature]:
    return [
        InputSignature(
            _name(value),
            ELEMENT_TYPES.get(value.element_type.get_type_name(), value.element_type.get_type_name()),
            tuple(None if size.is_dynamic else size.get_length() for size in value.partial_shape)
            if value.partial_shape.rank.is_static
            else None,
        )
        for value in model.inputs
    ]


def _name(value: Any) -> str:
    return str(value.get_any_name() if value.names else value.node.friendly_name)


def _compile(core: Any, model: Any, feeds: Feeds, setting: Setting) -> Any:
    try:
        model.reshape({index: list(feeds[_name(value)].shape) for index, value in enumerate(model.inputs)})
    except Exception as error:
        raise ModelRejectedError(f"OpenVINO cannot give the model its shapes: {error_text(error)}") from error
    return _compile_for(core, model, setting, {})


def _compile_for(core: Any, model: Any, setting: Setting, more: Mapping[str, Any]) -> Any:
    hint = PRECISION_HINTS.get(setting.precision, PRECISION_HINTS["float32"])
    properties: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": hint,
        **more,
    }
    if setting.provider == CPU:
        properties["INFERENCE_NUM_THREADS"] = setting.thread_count
    try:
        compiled = core.compile_model(model, setting.provider, properties)
    except Exception as error:
        raise ModelRejectedError(
            f"OpenVINO cannot compile the model for {setting.provider}: {error_text(error)}"
        ) from error
    return compiled


def _in_force(compiled: Any, resolved: Setting, asked: Setting) -> Setting:
    """Read back what was asked for."""
    hint = PRECISION_HINTS.get(resolved.precision, PRECISION_HINTS["float32"])
    if (kept := _precision_hint(compiled)) != hint:
        raise SettingNotSupportedError(
            f"{resolved.provider} computes in {kept}, precision {resolved.precision!r} was asked for; choose another"
        )
    if resolved.provider == CPU and (count := compiled.get_property("INFERENCE_NUM_THREADS")) != resolved.thread_count:
        raise SettingNotSupportedError(
            f"OpenVINO runs {count} threads, {resolved.thread_count} were asked for: it takes no more than the process "
            f"may use cores; ask for thread_count {count}"
        )
    return with_quantisation(
        resolved,
        asked,
        is_quantised=computes_in_integers(compiled),
        why_not=f"OpenVINO computes most convolutions and matrix products of the model in {hint}, precision "
        f"{QUANTISED!r} was asked for: export it with QuantizeLinear and DequantizeLinear, activations in uint8, or "
        "ask for another precision",
    )


def _precision_hint(compiled: Any) -> str:
    return str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())
