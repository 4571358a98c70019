"""The exported ONNX file as the graph of a model, where no engine tells its own.

ONNX Runtime on this host folds constants, merges what most engines merge (normalisations and simple activations into
convolutions), and tells the shapes. It chooses no layouts, and the engine of the profile will merge others too, so that
predictions are worse.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from edgeprof.errors import GraphNotToldError, NoEngineError
from edgeprof.operator_models.graph_sources import GraphSource, HostGraphs, ToldGraph
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof_predictor.operators.graph import EXPORTED
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import ONNX, recognise_format

READER = "onnxruntime"
"""What reads the exported file on this host."""


class OrExportedGraphs:
    """A source of graphs, and the exported file where that one has no engine that tells them.

    Args:
        source: Asked first.
        setting: How the models would run.
        engine: Reads exported files on this host.
        model_formats: Formats that the runtime is known to read; empty where it is asked.
    """

    def __init__(
        self, source: GraphSource, setting: Setting, engine: HostEngine, model_formats: Sequence[str] = ()
    ) -> None:
        self._source = source
        self._setting = setting
        self._engine = engine
        self._model_formats = model_formats

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model; see `GraphSource`."""
        runtime = self._setting.runtime
        reason = f"{runtime} reads {', '.join(self._model_formats)}"
        if not self._model_formats or ONNX in self._model_formats or not _is_onnx(model):
            try:
                told = self._source.graph(model, input_shapes=input_shapes)
            except NoEngineError as error:
                if not _is_onnx(model) or runtime == READER:
                    raise
                reason = str(error)
            else:
                if told.profile.graph is not None:
                    return told
                reason = f"{runtime} tells no graph of its models"
        if not _is_onnx(model):
            raise GraphNotToldError(f"{reason}; name the model as an ONNX file, whose own graph then stands in")
        return exported_graph(model, self._setting, self._engine, input_shapes=input_shapes, reason=reason)


def exported_graph(
    model: Path,
    setting: Setting,
    engine: HostEngine,
    *,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    reason: str = "",
) -> ToldGraph:
    """Return the graph of an ONNX file that stands in for that of an engine.

    Args:
        model: The file.
        setting: How the model would run on the device.
        engine: Reads the file on this host.
        input_shapes: Shapes of inputs that the file leaves open.
        reason: Why the engine does not tell its own graph.

    Raises:
        GraphNotToldError: If ONNX Runtime on this host cannot load the file.
    """
    reading = Setting(runtime=READER, batch_size=setting.batch_size, options={"graph_optimization": "extended"})
    told = HostGraphs(reading, engine).graph(model, input_shapes=input_shapes)
    return ToldGraph(
        profile=told.profile,
        engine=EXPORTED,
        warning=f"graphs of the exported files, which {setting.runtime} will change, so that intervals are wider: "
        f"{reason}",
    )


def _is_onnx(model: Path) -> bool:
    try:
        with model.open("rb") as file:
            return recognise_format(file.read(HEAD_BYTES)) == ONNX
    except OSError:
        return False
