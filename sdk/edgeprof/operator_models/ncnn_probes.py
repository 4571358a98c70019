"""The probe suite in ncnn's format: pnnx reads the ONNX graphs, and what ncnn cannot run is left out.

Converted probes, and the reasons why others were refused, stay in the folder of models.
"""

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError
from edgeprof.exporters.ncnn import NcnnExporter, convert, with_sizes
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.probe_files import REFUSED, ProbeFiles, keep_probe, kept_probes, probe_stem
from edgeprof_proto.records.job_spec import Setting

if TYPE_CHECKING:
    from edgeprof_predictor.operators.probes.suite import Probe

CONVERSION_TIMEOUT_S = 60.0
"""How long pnnx may take for a probe: each takes a second."""

RUNTIME = "ncnn"


def ncnn_probes(folder: Path) -> ProbeFiles:
    """Convert the probe suite, as far as the folder does not hold it already.

    Each is run once by ncnn on this host, in a process of its own: pnnx leaves operations that ncnn has no layers for.

    Args:
        folder: The folder of models.

    Raises:
        OutputFileError: If a file cannot be written.
    """
    from edgeprof_predictor.operators.probes.suite import suite

    version = NcnnExporter().version()
    probes = list(suite())
    stems = {probe.name: folder / probe_stem(probe, f"{RUNTIME} {version}") for probe in probes}
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for _ in workers.map(lambda probe: _convert(probe, stems[probe.name]), probes):
            pass  # raises what a conversion has raised
    return kept_probes(stems, ".param")


def _convert(probe: "Probe", stem: Path) -> None:
    path, reason = stem.with_suffix(".param"), stem.with_suffix(REFUSED)
    if path.exists() or reason.exists():
        return
    with tempfile.TemporaryDirectory(prefix="edgeprof-probe-") as work:
        source = Path(work, "model.onnx")
        source.write_bytes(probe.model_bytes())
        try:
            parameters, weights = convert(source, timeout_s=CONVERSION_TIMEOUT_S)
            parameters.write_text(with_sizes(parameters.read_text(), _sizes(probe)))
            with HostEngine() as engine:
                engine.profile(parameters, Setting(runtime=RUNTIME), {})
        except EdgeprofError as error:
            keep_probe(reason, str(error).encode())
            return
        # The model is there once its main file is.
        keep_probe(path.with_suffix(".bin"), weights.read_bytes())
        keep_probe(path, parameters.read_bytes())


def _sizes(probe: "Probe") -> Sequence[tuple[int, ...]]:
    """Return the sizes of the inputs as ncnn takes them, which has no batch."""
    (inputs,) = probe.example_inputs(1)
    return [value.shape[1:] if value.ndim > 1 and value.shape[0] == 1 else value.shape for value in inputs.values()]
