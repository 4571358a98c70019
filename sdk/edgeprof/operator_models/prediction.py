"""The public calls `predict_models` and `explain`: latencies of models from a profile of operators."""

import os
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError, GraphNotToldError
from edgeprof.exporters.choice import choose_exporter
from edgeprof.exporters.module_converter import ModuleConverter
from edgeprof.network_source import is_network_source
from edgeprof.operator_models.graph_sources import DeviceGraphs, GraphSource, HostGraphs
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.procedure import models_to_measure, platform_of
from edgeprof.store.platform import Platform
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.prediction import NetworkPrediction
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operator at its place in the network.

    Args:
        name: Name of its node in the engine's graph.
        operator_class: Its class.
        time_ms: Predicted time, in milliseconds.
    """

    name: str
    operator_class: OperatorClass
    time_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedModel:
    """A model with what a profile says of it.

    Args:
        name: Name of its file.
        prediction: Its latency and its operators; None where it could not be predicted.
        layers: Its operators in the order of the engine's graph.
        failure: Why it could not be predicted; empty where it was.
        warning: Why its graph may differ from the device's; empty where it is the device's own.
    """

    name: str
    prediction: NetworkPrediction | None
    layers: tuple[Layer, ...] = ()
    failure: str = ""
    warning: str = ""


def predict_models(
    profile: OperatorProfile | str | os.PathLike[str],
    models: Sequence[str | os.PathLike[str]],
    *,
    client: DeviceClient | None = None,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    on_predicted: Callable[[PredictedModel], None] = lambda predicted: None,
) -> list[PredictedModel]:
    """Predict how fast models run on the platform of a profile, without running them.

    Args:
        profile: The profile, or the file that holds it.
        models: Files of models, or folders of them, in a format that the platform's runtime reads; or torch modules as
            `path/to/file.py:callable`, which are exported.
        client: The device of the profile, which then tells the graph of each model; None for the same runtime on this
            host.
        input_shapes: Shapes by the names of inputs that leave sizes open, or one size by that of an open dimension.
        on_predicted: Called with each.

    Returns:
        The models in the order given. One that cannot be predicted says why.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
        EdgeprofError: If the profile belongs to another device.
    """
    loaded = load_operator_profile(profile)
    graphs = graph_source(loaded, client)
    device = None if client is None else client.device()
    predicted = []
    with _Modules(device, Platform.from_facts(loaded.platform).setting, input_shapes) as modules:
        for name, source in _named_sources(models):
            predicted.append(_predicted(loaded, graphs, modules, name, source))
            on_predicted(predicted[-1])
    return predicted


def load_operator_profile(profile: OperatorProfile | str | os.PathLike[str]) -> OperatorProfile:
    """Return a profile, read from its file where a path is given.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
    """
    return profile if isinstance(profile, OperatorProfile) else OperatorProfile.load(profile)


def graph_source(profile: OperatorProfile, client: DeviceClient | None) -> GraphSource:
    """Return where graphs of models come from for a profile.

    Raises:
        EdgeprofError: If the profile belongs to another device.
    """
    if client is None:
        return HostGraphs(Platform.from_facts(profile.platform).setting)
    return DeviceGraphs(client, platform_of(profile, client).setting)


def _named_sources(models: Sequence[str | os.PathLike[str]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each model in reports, and where it is: a file, or a torch module."""
    for model in models:
        if is_network_source(os.fspath(model)):
            yield os.path.basename(os.fspath(model)), os.fspath(model)
        else:
            for item in models_to_measure([model]):
                yield item.name, str(item.path)


class _Modules:
    """Exports torch modules for the runtime of a platform; their files are gone when it is left.

    Args:
        device: The device, whose runtime says which formats it reads; None where it is not at hand, for ONNX.
        setting: How the modules would run.
        input_shapes: Shapes by the names of their inputs, and of inputs that files leave open.
    """

    def __init__(self, device: Device | None, setting: Setting, input_shapes: Mapping[str, Sequence[int]]) -> None:
        self._device = device
        self._setting = setting
        self._input_shapes = input_shapes
        self._folder = tempfile.TemporaryDirectory(prefix="edgeprof-modules-")
        self._converter = ModuleConverter(Path(self._folder.name))

    def file_of(self, source: str) -> tuple[Path, Mapping[str, Sequence[int]]]:
        """Return the file of a model, and the shapes that are still to be given.

        Raises:
            EdgeprofError: If a module cannot be exported.
        """
        if not is_network_source(source):
            return Path(source), self._input_shapes
        choice = choose_exporter(self._device, self._setting)
        batch_size = self._setting.batch_size
        exported = self._converter.convert(source, choice, shapes=self._input_shapes, batch_size=batch_size)
        return exported.files[0], {}

    def __enter__(self) -> "_Modules":
        return self

    def __exit__(self, *_: object) -> None:
        self._converter.close()
        self._folder.cleanup()


def _predicted(
    profile: OperatorProfile, graphs: GraphSource, modules: _Modules, name: str, source: str
) -> PredictedModel:
    try:
        path, input_shapes = modules.file_of(source)
        told = graphs.graph(path, input_shapes=input_shapes)
        if told.profile.graph is None:
            raise GraphNotToldError(f"{told.profile.setting.runtime} tells no graph of its models")
        graph = graph_of(told.profile.setting.runtime, told.profile.graph)
        prediction = profile.predict(graph)
    except (EdgeprofError, PredictorError) as error:
        return PredictedModel(name=name, prediction=None, failure=str(error))
    return PredictedModel(name=name, prediction=prediction, layers=_layers(graph, prediction), warning=told.warning)


def _layers(graph: Graph, prediction: NetworkPrediction) -> tuple[Layer, ...]:
    """Return the operators in the order of the graph: a prediction tells identical ones as one."""
    # Of nodes with one name, the first in the graph is the first of its record.
    waiting: dict[str, deque[Layer]] = defaultdict(deque)
    for one in prediction.operators:
        for name in one.record.names:
            time_ms = one.time_us / one.record.count / 1_000
            waiting[name].append(Layer(name=name, operator_class=one.record.operator_class, time_ms=time_ms))
    return tuple(waiting[node.name].popleft() for node in graph.nodes if waiting.get(node.name))
