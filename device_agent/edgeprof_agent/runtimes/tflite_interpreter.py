"""The interpreter of TensorFlow Lite, whichever package brings it: `.tflite` files on the cores, or on a delegate.

The file decides the precision: it is read from the operands of the convolutions and matrix products. By default the
interpreter gives the nodes that XNNPACK has to that library and runs the others by its built-in kernels, so both are
providers. A delegate of a board (Edge TPU, Ethos-U, a vendor's) is a provider only where the board's owner names its
library (`tflite_delegates.py`). A run sets the inputs, invokes the interpreter and takes the outputs.
"""

import ctypes
import dataclasses
import time
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.models.tflite_graph import uses_of_inputs
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.file_precision import with_precision_of_file
from edgeprof_agent.runtimes.generated_inputs import Feeds, generate_inputs
from edgeprof_agent.runtimes.message_line import one_line
from edgeprof_agent.runtimes.tflite_delegates import Delegate, DelegateListError, allowed_delegates
from edgeprof_agent.runtimes.tflite_file import read_file
from edgeprof_agent.runtimes.tflite_graph import build_graph
from edgeprof_agent.runtimes.tflite_messages import error_text
from edgeprof_agent.runtimes.tflite_nodes import Node, count_nodes, precision_of
from edgeprof_agent.runtimes.tflite_probe import has_xnnpack
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.flatbuffer import FlatbufferError
from edgeprof_proto.shared.model_formats import TFLITE

XNNPACK = "xnnpack"
BUILTIN = "builtin-cpu"

PRECISIONS = ("float32", "float16", "int8", "int16", "int4")
"""Precisions that a model may have."""


class TfliteInterpreterRuntime(Runtime):
    """A runtime whose package brings the interpreter."""

    model_formats = (TFLITE,)

    package: ClassVar[str]
    """Name under which the package is installed; part of the version."""

    @abstractmethod
    def import_interpreter(self) -> Any:
        """Import the module of the package that holds `Interpreter`.

        Raises:
            RuntimeNotFoundError: If it is missing, or cannot work beside the NumPy that is installed.
        """

    @abstractmethod
    def package_version(self) -> str:
        """Return the version of the package."""

    def describe(self) -> RuntimeInfo | None:
        """Return the package with its version, and the providers: delegates, built-in kernels and XNNPACK."""
        try:
            return self._describe(self.import_interpreter(), allowed_delegates())
        except (RuntimeNotFoundError, DelegateListError) as error:
            return RuntimeInfo(name=self.name, unavailable_reason=str(error))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Create an interpreter for the shapes of the inputs, and the inputs."""
        module = self.import_interpreter()
        try:
            delegates = allowed_delegates()
        except DelegateListError as error:
            raise RuntimeNotFoundError(str(error)) from error
        resolved = resolve_setting(setting, self._describe(module, delegates))
        delegate = delegates.get(resolved.provider)
        start_ns = time.perf_counter_ns()
        interpreter = _create_interpreter(module, model_path, resolved, delegate)
        created_ns = time.perf_counter_ns() - start_ns
        details = interpreter.get_input_details()
        signature = _signature(details)
        names = [value.name for value in signature]
        uses = dict(zip(names, uses_of_inputs(model_path, resolved.batch_size), strict=False))
        batch_size, given = resolved.batch_size, self.given_inputs
        feeds, inputs = generate_inputs(signature, batch_size, input_seed, given=given, uses=uses)
        start_ns = time.perf_counter_ns()
        _allocate(interpreter, details, list(feeds.values()))
        load_ms = (created_ns + time.perf_counter_ns() - start_ns) / 1e6
        nodes = _read_nodes(interpreter)
        in_force = with_precision_of_file(
            resolved,
            setting,
            precision_of(nodes, [value.element_type for value in signature]),
            remedy="the file decides it, so leave the precision out or convert the model to another",
        )
        return _TfliteModel(
            interpreter,
            details,
            feeds,
            nodes,
            _GraphReader(self.name, module, model_path, details, list(feeds.values())),
            setting=in_force,
            load_ms=load_ms,
            inputs=inputs,
        )

    def _describe(self, module: Any, delegates: dict[str, Delegate]) -> RuntimeInfo:
        return RuntimeInfo(
            name=self.name,
            version=f"{self.package} {self.package_version()}",
            providers=(*delegates, BUILTIN, *((XNNPACK,) if has_xnnpack(module) else ())),
            precisions=PRECISIONS,
            is_precision_of_model=True,
            model_formats=self.model_formats,
        )


class _TfliteModel(LoadedModel):
    def __init__(
        self,
        interpreter: Any,
        details: list[dict[str, Any]],
        feeds: Feeds,
        nodes: list[Node],
        graph_reader: "_GraphReader",
        *,
        setting: Setting,
        load_ms: float,
        inputs: tuple[GeneratedInput, ...],
    ) -> None:
        outputs = [int(output["index"]) for output in interpreter.get_output_details()]
        super().__init__(
            setting=setting,
            load_ms=load_ms,
            inputs=inputs,
            node_counts=count_nodes(nodes, outputs, provider=setting.provider, builtin=BUILTIN),
            is_node_count_derived=True,
        )
        self._interpreter = interpreter
        self._feeds = [(int(item["index"]), values) for item, values in zip(details, feeds.values(), strict=True)]
        self._outputs = outputs
        self._nodes = nodes
        self._graph_reader = graph_reader

    def run_once(self) -> None:
        """Set the inputs, invoke the interpreter and take the outputs."""
        interpreter = self._interpreter
        try:
            for index, values in self._feeds:
                interpreter.set_tensor(index, values)
            interpreter.invoke()
            for index in self._outputs:
                interpreter.get_tensor(index)
        except Exception as error:  # Errors of the package have no base but Exception.
            raise RunFailedError(f"the interpreter failed to run the model: {error_text(error)}") from error

    def read_graph(self) -> OptimizedGraph:
        """Return the nodes of the file, with those that delegates took."""
        return self._graph_reader.read(self._interpreter, self._nodes, self.setting.provider, self._outputs)


@dataclasses.dataclass(frozen=True, slots=True)
class _GraphReader:
    """Reads the graph of a model that an interpreter has loaded.

    Args:
        runtime: Name of the runtime.
        module: The package's module.
        model_path: The model's file.
        details: What the interpreter told of the inputs before they were resized.
        values: The value of each input.
    """

    runtime: str
    module: Any
    model_path: Path
    details: list[dict[str, Any]]
    values: list[Any]

    def read(self, interpreter: Any, nodes: list[Node], provider: str, outputs: list[int]) -> OptimizedGraph:
        try:
            file = read_file(self.model_path)
            return build_graph(
                file,
                nodes,
                self._shapes(interpreter),
                inputs=[int(item["index"]) for item in self.details],
                outputs=outputs,
                provider=provider,
                builtin=BUILTIN,
            )
        except (FlatbufferError, IndexError, OSError, ModelRejectedError) as error:
            raise RunFailedError(f"the graph of the model cannot be read: {one_line(str(error))}") from error

    def _shapes(self, interpreter: Any) -> dict[int, tuple[int, ...]]:
        """Return the shape of each tensor for the inputs that are given."""
        if any(tuple(item["shape"]) != array.shape for item, array in zip(self.details, self.values, strict=True)):
            # A delegate keeps the shapes of what lies within it to itself once an input was resized.
            plain = Setting(runtime=self.runtime, provider=BUILTIN, thread_count=1)
            interpreter = _create_interpreter(self.module, self.model_path, plain, None)
            _allocate(interpreter, self.details, self.values)
        return {int(item["index"]): tuple(map(int, item["shape"])) for item in interpreter.get_tensor_details()}


def _create_interpreter(module: Any, model_path: Path, setting: Setting, delegate: Delegate | None) -> Any:
    kernels = module.OpResolverType
    loaded = [] if delegate is None else [_load_delegate(module, setting.provider, delegate)]
    try:
        return module.Interpreter(
            model_path=str(model_path),
            num_threads=setting.thread_count,
            # With a delegate of the board, what it leaves runs on built-in kernels alone: what XNNPACK took as well
            # could not be told apart.
            experimental_op_resolver_type=kernels.BUILTIN
            if setting.provider == XNNPACK
            else kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_delegates=loaded,
        )
    except (ValueError, RuntimeError) as error:
        raise ModelRejectedError(f"the interpreter cannot load the model: {error_text(error)}") from error


def _load_delegate(module: Any, name: str, delegate: Delegate) -> Any:
    try:
        # The package's own object complains when it is freed after a library that is none.
        ctypes.PyDLL(delegate.path).tflite_plugin_create_delegate  # noqa: B018
        return module.load_delegate(delegate.path, dict(delegate.options))
    except (OSError, ValueError, AttributeError, RuntimeError) as error:
        raise SettingNotSupportedError(
            f"the delegate {name!r} cannot be loaded from {delegate.path}: {one_line(str(error)) or 'no reason'}; a "
            "worker reads libraries below /usr, /lib and /opt only"
        ) from error


def _allocate(interpreter: Any, details: list[dict[str, Any]], values: list[Any]) -> None:
    try:
        for item, array in zip(details, values, strict=True):
            if tuple(item["shape"]) != array.shape:
                interpreter.resize_tensor_input(item["index"], array.shape)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ModelRejectedError(f"the interpreter cannot prepare the model: {error_text(error)}") from error


def _signature(details: list[dict[str, Any]]) -> list[InputSignature]:
    names: list[str] = []
    for position, item in enumerate(details):
        # A file may call two of its tensors alike, and some not at all.
        is_own = item["name"] and item["name"] not in names
        names.append(item["name"] if is_own else f"{item['name']}#{position}")
    return [
        InputSignature(
            name,
            "string" if item["dtype"].__name__ in ("bytes_", "object_") else item["dtype"].__name__.rstrip("_"),
            tuple(map(int, item["shape_signature"] if len(item["shape_signature"]) else item["shape"])),
        )
        for name, item in zip(names, details, strict=True)
    ]


def _read_nodes(interpreter: Any) -> list[Node]:
    """Return the nodes of the file, in its order, and behind them those that delegates made."""
    types = {int(item["index"]): item["dtype"].__name__ for item in interpreter.get_tensor_details()}
    # The package has no public call for the nodes.
    return [
        Node(
            item["op_name"],
            tuple(map(int, item["inputs"])),
            tuple(map(int, item["outputs"])),
            tuple(types.get(int(index), "") for index in item["inputs"] if index >= 0),
        )
        for item in interpreter._get_ops_details()
    ]
