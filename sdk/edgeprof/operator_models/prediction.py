"""The public call `predict_models`: latencies of models from a profile of operators."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from platform import machine
from types import MappingProxyType
from typing import TYPE_CHECKING

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import EdgeprofError, GraphNotToldError, ModelFileError
from edgeprof.measuring.model_sources import ModelSources
from edgeprof.network_source import is_network_source
from edgeprof.operator_models.exported_graphs import OrExportedGraphs
from edgeprof.operator_models.graph_sources import DeviceGraphs, EqualHostGraphs, GraphSource, HostGraphs
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.layers import Layer, layers_of
from edgeprof.operator_models.named_models import models_to_measure
from edgeprof.operator_models.profile_platform import platform_of, runtime_version_of
from edgeprof.store.platform import Platform
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.prediction import NetworkPrediction
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile_file import ProfileFile

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient
    from edgeprof.operator_models.host_opinion import HostOpinion, HostOpinions

ModelsProfile = OperatorProfile | ProfileFile | str | os.PathLike[str]
"""A profile of models, or the file that holds it beside others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedModel:
    """A model with what a profile says of it.

    Args:
        name: Name of its file.
        prediction: Its latency and its operators; None where it could not be predicted.
        layers: Its operators in the order of the engine's graph.
        failure: Why it could not be predicted; empty where it was.
        warning: Why its graph may differ from the device's; empty where it is the device's own.
        host: This host's own measurement of it, which the prediction holds; None where it says nothing of the device.
    """

    name: str
    prediction: NetworkPrediction | None
    layers: tuple[Layer, ...] = ()
    failure: str = ""
    warning: str = ""
    host: "HostOpinion | None" = None


def predict_models(
    profile: ModelsProfile,
    models: Sequence[str | os.PathLike[str]],
    *,
    client: "DeviceClient | None" = None,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    on_predicted: Callable[[PredictedModel], None] = lambda predicted: None,
) -> list[PredictedModel]:
    """Predict how fast models run on the platform of a profile, without running them there.

    Where the profile has learned that this host's own latencies say something of the device's, this host measures each
    model too, in about a second.

    Args:
        profile: The profile, or the file that holds it. Of a file with several settings, each model is predicted in the
            first whose runtime reads it.
        models: Files of models, or folders of them, in a format that the platform's runtime reads; or torch modules as
            `path/to/file.py:callable`, which are exported.
        client: The device of the profile, which then tells the graph of each model; None for the same runtime on this
            host.
        input_shapes: Shapes by the names of inputs that leave sizes open, or one size by that of an open dimension. Of
            several models, each is given those that it knows.
        on_predicted: Called with each.

    Returns:
        The models in the order given. One that cannot be predicted says why.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
        InvalidArgumentError: If a shape is given for a name that none of several models has.
        EdgeprofError: If the profile belongs to another device.
    """
    if not isinstance(profile, OperatorProfile):
        profile = ProfileFile.of(profile)
    load_operator_profile(profile)
    sources = list(_named_sources(models))
    predicted = []
    with ExitStack() as resources:
        predictors: dict[int, ModelPredictor] = {}
        for name, source in sources:
            loaded = load_operator_profile(profile, _format_of(source))
            if id(loaded) not in predictors:
                predictors[id(loaded)] = resources.enter_context(
                    ModelPredictor(loaded, client, input_shapes, is_for_one=len(sources) == 1)
                )
            predicted.append(predictors[id(loaded)].predict(name, source))
            on_predicted(predicted[-1])
        if len(sources) > 1 and len(predictors) == 1:
            next(iter(predictors.values())).require_all_known()
    return predicted


class ModelPredictor:
    """Predicts models in one setting. Use it as a context manager.

    Files of exported modules, and the process in which this host loads models, are gone when it is left.

    Args:
        profile: The profile of the setting.
        client: The device, which then tells graphs; None for the same runtime on this host.
        input_shapes: As for `predict_models`.
        is_for_one: Whether shapes are meant for one model, which must know all their names.
        is_brief: Whether this host's graphs will do where its processor and runtime are as the device's, and this host
            measures nothing: for predictions that only say what the device is to measure.

    Raises:
        EdgeprofError: If the profile belongs to another device.
    """

    def __init__(
        self,
        profile: OperatorProfile,
        client: "DeviceClient | None",
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        *,
        is_for_one: bool = True,
        is_brief: bool = False,
    ) -> None:
        self._profile = profile
        self._setting = Platform.from_facts(profile.platform).setting
        self._engine = HostEngine()
        self._graphs = graph_source(profile, client, self._engine, prefers_host=is_brief)
        self._opinions = None if is_brief or profile.host is None else _host_opinions(profile, self._engine)
        device = None if client is None else client.device()
        self._sources = ModelSources(device, input_shapes, is_for_one=is_for_one)

    def predict(self, name: str, source: str) -> PredictedModel:
        """Return what the profile says of a model, or why it says nothing.

        Args:
            name: Name of the model in reports.
            source: Its file, or a torch module.
        """
        try:
            model = self._sources.model_for(source, self._setting)
            told = self._graphs.graph(model.path, input_shapes=model.input_shapes)
            if told.profile.graph is None:
                raise GraphNotToldError(f"{told.profile.setting.runtime} tells no graph of its models")
            graph = graph_of(told.engine, told.profile.graph)
            prediction = self._profile.predict(graph)
        except (EdgeprofError, PredictorError) as error:
            return PredictedModel(name=name, prediction=None, failure=str(error))
        host = None
        if self._opinions is not None:
            prediction, host = self._opinions.add_to(prediction, model.path, model.input_shapes)
        layers = layers_of(graph, prediction)
        return PredictedModel(name=name, prediction=prediction, layers=layers, warning=told.warning, host=host)

    def require_all_known(self) -> None:
        """Check that each name that has a shape was known to one of the models.

        Raises:
            InvalidArgumentError: If one was not.
        """
        self._sources.require_all_known()

    def __enter__(self) -> "ModelPredictor":
        self._sources.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._engine.close()
        self._sources.__exit__(*error)


def _host_opinions(profile: OperatorProfile, engine: HostEngine) -> "HostOpinions":
    from edgeprof.operator_models.host_opinion import HostOpinions  # few profiles have latencies of the host

    return HostOpinions(profile, engine)


def load_operator_profile(profile: ModelsProfile, model_format: str = "") -> OperatorProfile:
    """Return the profile of models, read from its file where a path is given.

    Args:
        profile: The profile, or the file that holds it.
        model_format: Format of the models, by which one of several settings is chosen; empty for any.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces alone.
    """
    return profile if isinstance(profile, OperatorProfile) else ProfileFile.of(profile).operator_profile(model_format)


def graph_source(
    profile: OperatorProfile, client: "DeviceClient | None", engine: HostEngine, *, prefers_host: bool = False
) -> GraphSource:
    """Return where graphs of models come from for a profile.

    Args:
        profile: The profile.
        client: The device; None for the same runtime on this host.
        engine: Loads models on this host.
        prefers_host: Whether the device is asked only where this host's processor or runtime is another.

    Raises:
        EdgeprofError: If the profile belongs to another device.
    """
    if client is None:
        setting = Platform.from_facts(profile.platform).setting
        return OrExportedGraphs(HostGraphs(setting, engine), setting, engine)
    setting = platform_of(profile, client).setting
    device = client.device()
    formats = [item.model_formats for item in device.runtimes if item.name == setting.runtime]
    graphs: GraphSource = DeviceGraphs(client, setting, runtime_version_of(device, setting))
    if prefers_host and device.cpu.architecture == machine():
        graphs = EqualHostGraphs(HostGraphs(setting, engine), graphs, setting)
    return OrExportedGraphs(graphs, setting, engine, formats[0] if formats else ())


def _named_sources(models: Sequence[str | os.PathLike[str]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each model in reports, and where it is: a file, or a torch module."""
    for model in models:
        if is_network_source(os.fspath(model)):
            yield os.path.basename(os.fspath(model)), os.fspath(model)
        else:
            for item in models_to_measure([model]):
                yield item.name, str(item.path)


def _format_of(source: str) -> str:
    """Return the format of a model's file; empty for a module, and for a file that cannot be read."""
    if not is_network_source(source):
        with suppress(ModelFileError):
            return find_model_files(Path(source)).model_format
    return ""
