"""Operators of networks of a search space, as the runtime of a device makes them of the exported files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import ExportError, GraphNotToldError
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.converter import Converter
from edgeprof.operator_models.graph_sources import ToldGraph
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.prediction import graph_source
from edgeprof_predictor.operators.exported import with_usual_tags
from edgeprof_predictor.operators.graph import EXPORTED
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.records import OperatorRecord, records_of
from edgeprof_predictor.spaces import SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceOperators:
    """Operators of networks of a space.

    Args:
        records: Of each network, by the text of its architecture; those that could not be read are not among them.
        warning: Why they may differ from what the device runs; empty where they are its own.
    """

    records: Mapping[str, tuple[OperatorRecord, ...]]
    warning: str


def read_space_operators(
    space: SearchSpace,
    architectures: Sequence[str],
    profile: OperatorProfile,
    client: DeviceClient,
    choice: ExportChoice,
    *,
    on_read: Callable[[int], None] = lambda count: None,
) -> SpaceOperators:
    """Export networks and ask for their graphs: this host where it has the device's runtime, else the device.

    The files are not kept, what was told of them is.

    Args:
        space: The search space.
        architectures: Texts of the architectures.
        profile: The operator model of the platform.
        client: The device.
        choice: What writes networks for it.
        on_read: Called with the number of networks that are done.

    Raises:
        GraphNotToldError: If no graph could be read.
        EdgeprofError: If the device is silent.
    """
    found: dict[str, tuple[OperatorRecord, ...]] = {}
    warning, failure = "", ""
    with (
        tempfile.TemporaryDirectory(prefix="edgeprof-graphs-") as folder,
        Converter(choice, space, Path(folder)) as converter,
        HostEngine() as engine,
    ):
        source = graph_source(profile, client, engine, prefers_host=True)
        for count, text in enumerate(architectures, start=1):
            try:
                files = converter.convert(text)
                told = source.graph(files[0])
                found[text], warning = _records_of(told, profile), warning or told.warning
            except (ExportError, GraphNotToldError) as error:
                failure = str(error)
            else:
                for file in files:
                    file.unlink(missing_ok=True)
            on_read(count)
    if not found:
        raise GraphNotToldError(f"the graph of no network of {space.name} could be read: {failure}")
    return SpaceOperators(records=found, warning=warning)


def _records_of(told: ToldGraph, profile: OperatorProfile) -> tuple[OperatorRecord, ...]:
    if told.profile.graph is None:
        raise GraphNotToldError(f"{told.profile.setting.runtime} tells no graph of its models")
    records = records_of(graph_of(told.engine, told.profile.graph))
    return with_usual_tags(records, profile.model.networks) if told.engine == EXPORTED else records
