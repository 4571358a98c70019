"""Operators of networks of a search space, as the runtime of a device makes them of the exported files.

Where writing a network in the device's format takes seconds, its graph is that of a stand-in which is written quickly:
the ONNX file, which for TensorFlow Lite is converted as the probes are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import ExportError, GraphNotToldError
from edgeprof.exporters.base import FLOAT32
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.converter import Converter
from edgeprof.exporters.onnx_to_tflite import conversion
from edgeprof.exporters.registry import load_exporter
from edgeprof.operator_models.graph_sources import ToldGraph
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.prediction import graph_source
from edgeprof_predictor.operators.exported import with_usual_tags
from edgeprof_predictor.operators.graph import EXPORTED
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.records import OperatorRecord, records_of
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_proto.shared.model_formats import ONNX, TFLITE


def _quick_choice(choice: ExportChoice) -> ExportChoice | None:
    """Return what writes networks for their graphs alone, in a fraction of a second each; None where nothing does.

    Args:
        choice: What writes them to be measured.
    """
    if choice.is_quick:
        return choice
    exporter = load_exporter(ONNX)
    return ExportChoice(exporter, FLOAT32) if choice.precision == FLOAT32 and exporter.missing() is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceOperators:
    """Operators of networks of a space.

    Args:
        records: Of each network, by the text of its architecture; those that could not be read are not among them.
        warning: Why they may differ from what the device runs; empty where they are its own.
        failure: Why one of the networks could not be read; empty where all were.
    """

    records: Mapping[str, tuple[OperatorRecord, ...]]
    warning: str
    failure: str


class SpaceGraphs:
    """Exports networks and asks for their graphs: this host where it has the device's runtime, else the device.

    The files are not kept, what was told of them is.

    Args:
        space: The search space.
        profile: The operator model of the platform.
        client: The device.
        choice: What writes the networks that are measured.

    Raises:
        GraphNotToldError: If nothing writes networks quickly enough.
    """

    def __init__(
        self, space: SearchSpace, profile: OperatorProfile, client: DeviceClient, choice: ExportChoice
    ) -> None:
        quick = _quick_choice(choice)
        if quick is None:
            raise GraphNotToldError("writing many networks in this format and precision takes too long")
        self.space: Final = space
        self._profile, self._client = profile, client
        self._choice = quick
        self._is_stand_in = quick is not choice
        self._as_tflite = self._is_stand_in and choice.exporter.model_format == TFLITE and conversion.missing() is None
        self._known: dict[str, tuple[OperatorRecord, ...]] = {}
        self._failures: dict[str, str] = {}

    def read(self, architectures: Sequence[str], on_read: Callable[[int], None] = lambda count: None) -> SpaceOperators:
        """Return the operators of networks.

        Args:
            architectures: Texts of the architectures.
            on_read: Called with the number of networks that are done.

        Raises:
            GraphNotToldError: If no graph could be read.
            EdgeprofError: If the device is silent.
        """
        warning = self._read_all(architectures, on_read)
        found = {text: self._known[text] for text in architectures if text in self._known}
        failure = next((self._failures[text] for text in architectures if text in self._failures), "")
        if not found:
            raise GraphNotToldError(f"the graph of no network of {self.space.name} could be read: {failure}")
        return SpaceOperators(records=found, warning=warning, failure=failure)

    def _read_all(self, architectures: Sequence[str], on_read: Callable[[int], None] = lambda count: None) -> str:
        """Read networks, and return why what was told may differ from what the device runs."""
        warning = ""
        with (
            tempfile.TemporaryDirectory(prefix="edgeprof-graphs-") as folder,
            Converter(self._choice, self.space, Path(folder)) as converter,
            HostEngine() as engine,
        ):
            source = graph_source(self._profile, self._client, engine, prefers_host=True)
            for count, text in enumerate(architectures, start=1):
                try:
                    told = source.graph(self._file(converter, text))
                    self._known[text], warning = self._records_of(told), warning or told.warning
                except (ExportError, GraphNotToldError) as error:
                    self._failures[text] = str(error)
                for file in Path(folder).iterdir():
                    file.unlink()
                on_read(count)
        return warning

    def of_measured(self, networks: Iterable[MeasuredNetwork]) -> list[MeasuredNetwork]:
        """Return measured networks, with the operators of their stand-ins where all others' are read of such.

        A network whose stand-in cannot be read is left out.
        """
        measured = list(networks)
        if not self._is_stand_in:
            return measured
        new = [one.name for one in measured if one.name not in self._known and one.name not in self._failures]
        if new:
            self._read_all(new)
        return [replace(one, records=self._known[one.name]) for one in measured if one.name in self._known]

    def _file(self, converter: Converter, architecture: str) -> Path:
        """Write a network, and return what its graph is read of."""
        path = converter.convert(architecture)[0]
        if self._as_tflite:
            with suppress(ExportError):  # the ONNX file's own graph is worse, and is said to be
                return conversion.convert_file(path)
        return path

    def _records_of(self, told: ToldGraph) -> tuple[OperatorRecord, ...]:
        if told.profile.graph is None:
            raise GraphNotToldError(f"{told.profile.setting.runtime} tells no graph of its models")
        records = records_of(graph_of(told.engine, told.profile.graph))
        return with_usual_tags(records, self._profile.model.networks) if told.engine == EXPORTED else records
