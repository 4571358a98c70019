"""ncnn: models in a `.param` and a `.bin` file, on the cores.

The engine decides the precision by its options, and stores numbers in float16 by default. So the options of the
precision that is asked for are set, float32 where the setting leaves it open. An engine has a precision where a network
of one layer gives another result with it. The engine has no batch: a run takes one input. Its inputs have sizes in the
manifest, where they begin with a batch of 1, or in the layers Input of the file, or the host gives them. Everything
runs on the cores, so the count of nodes is that of the layers.
"""

import dataclasses
import struct
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.file_precision import QUANTISED, with_quantisation
from edgeprof_agent.runtimes.generated_inputs import Feeds, generate_inputs
from edgeprof_agent.runtimes.ncnn_graph import build_graph, read_shapes
from edgeprof_agent.runtimes.ncnn_inputs import declared_inputs, without_batch
from edgeprof_agent.runtimes.ncnn_param import Layer, has_integer_weights, read_layers
from edgeprof_agent.runtimes.telemetry import turn_telemetry_off
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.model_formats import NCNN

CPU = "cpu"

_FLOAT16 = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic")
_BFLOAT16 = ("use_bf16_packed", "use_bf16_storage")

PRECISION_OPTIONS = {"float32": (), "float16": _FLOAT16, "bfloat16": _BFLOAT16}
"""Options of the engine that a precision turns on; all others of them are off. The default first."""

_NOT_COMPUTED = frozenset({"Input", "MemoryData", "Split", "Noop"})
"""Layers that hold or hand on what is there already."""


_OUT_OF_MEMORY = -100


class NcnnRuntime(Runtime):
    """The runtime "ncnn"."""

    name = "ncnn"
    model_formats = (NCNN,)

    def describe(self) -> RuntimeInfo | None:
        """Return the version, and the precisions that the engine has on this processor."""
        try:
            return _describe(_import_ncnn())
        except RuntimeNotFoundError as error:
            return RuntimeInfo(name=self.name, unavailable_reason=str(error))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Load the network and generate its inputs."""
        ncnn = _import_ncnn()
        layers = _read_layers(model_path)
        resolved = with_quantisation(
            resolve_setting(setting, _describe(ncnn)),
            setting,
            is_quantised=has_integer_weights(layers),
            why_not=f"the model is not quantised, precision {QUANTISED!r} was asked for: quantise it with ncnn2int8, "
            "or ask for another precision",
        )
        if resolved.batch_size != 1:
            raise SettingNotSupportedError(
                f"ncnn runs one input at a time, batch_size {resolved.batch_size} was asked for; ask for 1"
            )
        declared = self.model_inputs or declared_inputs(layers)
        feeds, inputs = generate_inputs(declared, 1, input_seed, given=self.given_inputs)
        if self.model_inputs:
            feeds = {name: _without_batch(name, values) for name, values in feeds.items()}
        else:
            feeds = {name: without_batch(name, values, layers) for name, values in feeds.items()}
        start_ns = time.perf_counter_ns()
        net = _load(ncnn, model_path, resolved, layers)
        load_ms = (time.perf_counter_ns() - start_ns) / 1e6
        return _NcnnModel(ncnn, net, feeds, layers, setting=_in_force(net, resolved), load_ms=load_ms, inputs=inputs)


class _NcnnModel(LoadedModel):
    def __init__(
        self,
        ncnn: Any,
        net: Any,
        feeds: Feeds,
        layers: Sequence[Layer],
        *,
        setting: Setting,
        load_ms: float,
        inputs: tuple[GeneratedInput, ...],
    ) -> None:
        count = sum(layer.type not in _NOT_COMPUTED for layer in layers)
        super().__init__(
            setting=setting,
            load_ms=load_ms,
            inputs=inputs,
            node_counts={CPU: count} if count else {},
            is_node_count_derived=True,
        )
        self._net = net
        self._feeds = feeds
        # Copies: over memory that is not its own, the engine crashes in a first layer that writes where it reads.
        self._inputs = [(name, ncnn.Mat(values).clone()) for name, values in feeds.items()]
        self._outputs = list(net.output_names())
        self._layers = layers

    def run_once(self) -> None:
        """Set the inputs and extract every output."""
        extractor = self._net.create_extractor()
        for name, values in self._inputs:
            if extractor.input(name, values) != 0:
                raise RunFailedError(f"ncnn does not take the input {name!r}")
        for name in self._outputs:
            code, _ = extractor.extract(name)
            if code == _OUT_OF_MEMORY:
                raise RunFailedError(f"ncnn cannot compute the output {name!r}: Failed to allocate memory for it")
            if code != 0:
                raise RunFailedError(f"ncnn failed to compute the output {name!r} (code {code})")

    def read_graph(self) -> OptimizedGraph:
        """Return the layers of the file, with the shapes of a run."""
        shapes = read_shapes(self._net, self._inputs, self._layers, self._outputs)
        return build_graph(self._layers, shapes, outputs=self._outputs, provider=CPU, precision=self.setting.precision)

    def close(self) -> None:
        """Release the network."""
        self._inputs = []
        self._net.clear()


def _import_ncnn() -> Any:
    turn_telemetry_off()
    try:
        import ncnn
        import numpy  # noqa: F401 - only to report that it is missing
    except ImportError as error:
        raise RuntimeNotFoundError(
            f"ncnn cannot be imported ({error}); install it with: pip install 'edgeprof[ncnn]'"
        ) from error
    return ncnn


def _describe(ncnn: Any) -> RuntimeInfo:
    return RuntimeInfo(
        name=NcnnRuntime.name,
        version=str(ncnn.__version__),
        providers=(CPU,),
        precisions=(*_precisions(ncnn), QUANTISED),
        model_formats=NcnnRuntime.model_formats,
    )


def _precisions(ncnn: Any) -> tuple[str, ...]:
    """Return float32, and the precisions in which a dense layer gives another result."""
    import numpy

    text = "7767517\n2 2\nInput in 0 1 in 0=16\nInnerProduct dense 1 1 in out 0=8 1=0 2=128\n"
    thirds, sevenths = numpy.full(128, 1 / 3, numpy.float32), numpy.full(16, 1 / 7, numpy.float32)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dense.param")
        path.write_text(text, encoding="utf-8")
        path.with_suffix(".bin").write_bytes(struct.pack("I", 0) + thirds.tobytes())
        for precision in PRECISION_OPTIONS:
            net = _new_net(ncnn, precision, 1)
            if net.load_param(str(path)) == 0 and net.load_model(str(path.with_suffix(".bin"))) == 0:
                extractor = net.create_extractor()
                # Its code for 32-bit Arm needs aligned memory, as that of a copy is; NumPy's ends the process.
                extractor.input("in", ncnn.Mat(sevenths).clone())
                code, result = extractor.extract("out")
                results[precision] = None if code else numpy.array(result).tobytes()
    plain = results.get("float32")
    if plain is None:
        raise RuntimeNotFoundError("ncnn cannot run a network of one layer on this device; install another version")
    return tuple(name for name, result in results.items() if name == "float32" or result not in (None, plain))


def _new_net(ncnn: Any, precision: str, thread_count: int) -> Any:
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = thread_count
    on = PRECISION_OPTIONS.get(precision, ())
    for name in (*_FLOAT16, *_BFLOAT16):
        # Older versions lack some.
        if hasattr(net.opt, name):
            setattr(net.opt, name, name in on)
    return net


def _without_batch(name: str, values: Any) -> Any:
    """Return the values of an input as the engine takes them: without the batch, and integers in 32 bits."""
    if values.ndim < 2 or values.shape[0] != 1:
        raise ModelRejectedError(
            f"the manifest tells of input {name!r} with sizes {list(values.shape)}; they must begin with a batch of 1"
        )
    return values[0].astype("float32" if values.dtype.kind == "f" else "int32")


def _read_layers(path: Path) -> list[Layer]:
    try:
        return read_layers(path)
    except ValueError as error:
        raise ModelRejectedError(f"the file is no ncnn model (.param): {error}") from error
    except OSError as error:
        raise ModelRejectedError(f"the model's file cannot be read: {error.strerror}") from error


def _load(ncnn: Any, path: Path, setting: Setting, layers: Iterable[Layer]) -> Any:
    unknown = sorted({layer.type for layer in layers if ncnn.layer_to_index(layer.type) < 0})
    if unknown:
        raise ModelRejectedError(
            f"ncnn {ncnn.__version__} has no layer of the type {', '.join(map(repr, unknown[:5]))}; export the network "
            "without it, or update ncnn on the device"
        )
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise ModelRejectedError(f"the weights are missing: {weights.name} must lie beside {path.name}")
    net = _new_net(ncnn, setting.precision, setting.thread_count)
    if net.load_param(str(path)) != 0:
        raise ModelRejectedError(f"ncnn cannot read {path.name}: a line is damaged or names a blob that nothing writes")
    if net.load_model(str(weights)) != 0:
        raise ModelRejectedError(f"ncnn cannot read {weights.name}: it is cut off, or belongs to another .param file")
    return net


def _in_force(net: Any, setting: Setting) -> Setting:
    """Read the options of the network back."""
    on = {name for name in (*_FLOAT16, *_BFLOAT16) if getattr(net.opt, name, False)}
    expected = {name for name in PRECISION_OPTIONS.get(setting.precision, ()) if hasattr(net.opt, name)}
    if on != expected:
        raise SettingNotSupportedError(
            f"ncnn did not keep precision {setting.precision!r}: {', '.join(sorted(on)) or 'nothing'} is on"
        )
    return dataclasses.replace(setting, thread_count=int(net.opt.num_threads))
