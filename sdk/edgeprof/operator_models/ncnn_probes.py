"""The probe suite in ncnn's format: pnnx reads the ONNX graphs, and what ncnn cannot run is left out.

Converted probes, and the reasons why others were refused, stay in the folder of models.
"""

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError, OutputFileError
from edgeprof.exporters.ncnn import NcnnExporter, convert, with_sizes
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.probe_files import ProbeFiles, probe_stem
from edgeprof_predictor._output_files import write_output
from edgeprof_proto.records.job_spec import Setting

if TYPE_CHECKING:
    from edgeprof_predictor.operators.probes.suite import Probe

CONVERSION_TIMEOUT_S = 60.0
"""How long pnnx may take for a probe: each takes a second."""

RUNTIME = "ncnn"


@dataclass(frozen=True, slots=True)
class _Converted:
    probe: "Probe"
    path: Path | None
    refusal: str


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as workers:
            found = list(workers.map(lambda probe: _converted(probe, folder, version), probes))
    except OSError as error:
        raise OutputFileError(
            f"cannot keep the probes in {folder} ({error.strerror}): free the disk, or name another folder in "
            "EDGEPROF_CACHE"
        ) from error
    return ProbeFiles(
        models=tuple(
            ModelToMeasure(name=item.probe.name, path=item.path, is_probe=True)
            for item in found
            if item.path is not None
        ),
        refusals={item.probe.name: item.refusal for item in found if item.path is None},
    )


def _converted(probe: "Probe", folder: Path, version: str) -> _Converted:
    stem = folder / probe_stem(probe, f"{RUNTIME} {version}")
    path, reason = stem.with_suffix(".param"), stem.with_suffix(".refused")
    if path.exists():
        return _Converted(probe, path, "")
    if reason.exists():
        return _Converted(probe, None, reason.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="edgeprof-probe-") as work:
        source = Path(work, "model.onnx")
        source.write_bytes(probe.model_bytes())
        try:
            parameters, weights = convert(source, timeout_s=CONVERSION_TIMEOUT_S)
            parameters.write_text(with_sizes(parameters.read_text(), _sizes(probe)))
            with HostEngine() as engine:
                engine.profile(parameters, Setting(runtime=RUNTIME), {})
        except EdgeprofError as error:
            write_output(reason, str(error).encode())
            return _Converted(probe, None, str(error))
        # The model is there once its main file is.
        write_output(path.with_suffix(".bin"), weights.read_bytes())
        write_output(path, parameters.read_bytes())
    return _Converted(probe, path, "")


def _sizes(probe: "Probe") -> Sequence[tuple[int, ...]]:
    """Return the sizes of the inputs as ncnn takes them, which has no batch."""
    (inputs,) = probe.example_inputs(1)
    return [value.shape[1:] if value.ndim > 1 and value.shape[0] == 1 else value.shape for value in inputs.values()]
