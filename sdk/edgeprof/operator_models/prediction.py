"""The public calls `predict_models` and `explain`: latencies of models from a profile of operators."""

import os
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError, GraphNotToldError
from edgeprof.operator_models.graph_sources import DeviceGraphs, GraphSource, HostGraphs
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.procedure import models_to_measure, platform_of
from edgeprof.store.platform import Platform
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.prediction import NetworkPrediction
from edgeprof_predictor.operators.profile import OperatorProfile


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
        models: Files of models, or folders of them, in a format that the platform's runtime reads.
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
    source = graph_source(loaded, client)
    predicted = []
    for model in models_to_measure(models):
        predicted.append(_predicted(loaded, source, model.path, input_shapes))
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


def _predicted(
    profile: OperatorProfile, source: GraphSource, model: Path, input_shapes: Mapping[str, Sequence[int]]
) -> PredictedModel:
    try:
        told = source.graph(model, input_shapes=input_shapes)
        if told.profile.graph is None:
            raise GraphNotToldError(f"{told.profile.setting.runtime} tells no graph of its models")
        graph = graph_of(told.profile.setting.runtime, told.profile.graph)
        prediction = profile.predict(graph)
    except (EdgeprofError, PredictorError) as error:
        return PredictedModel(name=model.name, prediction=None, failure=str(error))
    return PredictedModel(
        name=model.name, prediction=prediction, layers=_layers(graph, prediction), warning=told.warning
    )


def _layers(graph: Graph, prediction: NetworkPrediction) -> tuple[Layer, ...]:
    """Return the operators in the order of the graph: a prediction tells identical ones as one."""
    # Of nodes with one name, the first in the graph is the first of its record.
    waiting: dict[str, deque[Layer]] = defaultdict(deque)
    for one in prediction.operators:
        for name in one.record.names:
            time_ms = one.time_us / one.record.count / 1_000
            waiting[name].append(Layer(name=name, operator_class=one.record.operator_class, time_ms=time_ms))
    return tuple(waiting[node.name].popleft() for node in graph.nodes if waiting.get(node.name))
