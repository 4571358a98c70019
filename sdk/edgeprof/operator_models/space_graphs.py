"""Graphs that a runtime makes of networks of a search space, read on this host and kept once they are."""

import dataclasses
import gzip
import hashlib
import json
import platform
import tempfile
import zlib
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from edgeprof.errors import ExportError, GraphNotToldError, NoEngineError, OutputFileError
from edgeprof.exporters.choice import ExportChoice, choose_exporter
from edgeprof.exporters.converter import Converter
from edgeprof.operator_models.exported_graphs import exported_setting
from edgeprof.operator_models.graph_sources import HostGraphs
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof_predictor._output_files import write_output
from edgeprof_predictor.operators.graph import EXPORTED, Graph
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.model_formats import ONNX

VERSION = 1
"""Of the files in which graphs are kept."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SpaceGraphs:
    """Graphs of networks of a space.

    Args:
        graphs: Of each architecture, by its text; those that could not be exported or loaded are not among them.
        warning: Why they may differ from what the device runs.
    """

    graphs: dict[str, Graph]
    warning: str

    @property
    def is_exported(self) -> bool:
        """Whether they are those of the exported files, which the device's engine will change."""
        return any(graph.engine == EXPORTED for graph in self.graphs.values())


def read_space_graphs(
    space: SearchSpace,
    architectures: Sequence[str],
    setting: Setting,
    choice: ExportChoice,
    folder: Path,
    *,
    calibration: str | None = None,
    on_read: Callable[[int], None] = lambda count: None,
) -> SpaceGraphs:
    """Export networks, and have the device's runtime load them on this host.

    Where this host does not have the runtime, or the runtime tells no graph, those of the exported ONNX files stand in.
    Exported files are not kept.

    Args:
        space: The search space.
        architectures: Texts of the architectures.
        setting: How they would run on the device.
        choice: What writes networks for it.
        folder: Where graphs are kept.
        calibration: Calibration data (.npz) for integer precisions; None for synthetic data.
        on_read: Called with the number of networks that are done.

    Raises:
        GraphNotToldError: If no graph of any could be read.
        OutputFileError: If graphs cannot be kept.
    """
    reader = _Reader(space, setting, choice, folder, calibration)
    try:
        return reader.read(architectures, on_read)
    except NoEngineError:
        reader = _Reader(
            space, setting, choose_exporter(None, exported_setting(setting)), folder, None, is_exported=True
        )
        return reader.read(architectures, on_read)


class _Reader:
    """Reads graphs of one engine, or of exported files."""

    def __init__(
        self,
        space: SearchSpace,
        setting: Setting,
        choice: ExportChoice,
        folder: Path,
        calibration: str | None,
        *,
        is_exported: bool = False,
    ) -> None:
        self._space = space
        self._setting = exported_setting(setting) if is_exported else setting
        self._choice = choice
        self._folder = folder / "graphs"
        self._calibration = calibration
        self._engine = EXPORTED if is_exported else setting.runtime
        self._warning = f"graphs of the exported files, which {setting.runtime} will change" if is_exported else ""

    def read(self, architectures: Sequence[str], on_read: Callable[[int], None]) -> SpaceGraphs:
        if self._choice.exporter.model_format != ONNX:
            raise NoEngineError(f"{self._setting.runtime} reads no ONNX")
        self._folder.mkdir(parents=True, exist_ok=True)
        found, failure = {}, ""
        with (
            tempfile.TemporaryDirectory(prefix="edgeprof-graphs-") as scratch,
            Converter(
                self._choice,
                self._space,
                Path(scratch),
                batch_size=self._setting.batch_size,
                calibration=self._calibration,
            ) as converter,
            HostEngine() as engine,
        ):
            source = HostGraphs(self._setting, engine)
            for count, text in enumerate(architectures, start=1):
                try:
                    found[text] = graph_of(self._engine, self._told(text, converter, source))
                except (ExportError, GraphNotToldError) as error:
                    failure = str(error)
                on_read(count)
        if not found:
            raise GraphNotToldError(f"no network of {self._space.name} could be loaded on this host: {failure}")
        return SpaceGraphs(graphs=found, warning=self._warning)

    def _told(self, architecture: str, converter: Converter, source: HostGraphs) -> OptimizedGraph:
        kept = self._folder / f"{self._space.name}-{self._digest(architecture)}.json.gz"
        found = _kept_graph(kept)
        if found is None:
            files = converter.convert(architecture)
            told = source.graph(files[0])
            for file in files:
                file.unlink()
            if told.profile.graph is None:
                raise NoEngineError(f"{self._setting.runtime} tells no graph of its models")
            found = told.profile.graph, told.warning
            document = {"graph": to_json(told.profile.graph), "warning": told.warning}
            content = gzip.compress(json.dumps(document).encode(), compresslevel=3, mtime=0)
            try:
                write_output(kept, content)
            except OSError as error:
                raise OutputFileError(
                    f"cannot keep the graph {kept} ({error.strerror or error}): free the disk, or name another folder "
                    "in EDGEPROF_CACHE"
                ) from error
        graph, warning = found
        self._warning = self._warning or warning
        return graph

    def _digest(self, architecture: str) -> str:
        facts = {
            "version": VERSION,
            "architecture": architecture,
            "shapes": f"{self._space.input_shape} to {self._space.output_shape}",
            "exporter": self._choice.exporter.version(),
            "precision": self._choice.precision,
            "calibration": self._calibration or "",
            "setting": to_json(self._setting),
            "host": (platform.machine(), platform.node(), _version_here(self._setting.runtime)),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _kept_graph(path: Path) -> tuple[OptimizedGraph, str] | None:
    """Return the graph that a file holds, and its warning; None where there is none, or it is damaged."""
    try:
        document = json.loads(gzip.decompress(path.read_bytes()))
        return from_json(OptimizedGraph, document["graph"]), str(document["warning"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
        return None


def _version_here(runtime: str) -> str:
    """Return the version of a runtime's package on this host; empty where there is none of its name."""
    try:
        return metadata.version(runtime)
    except metadata.PackageNotFoundError:
        return ""
