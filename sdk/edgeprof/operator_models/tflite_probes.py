"""The probe suite as `.tflite` files: what TensorFlow Lite has no built-in operators for is left out.

Files, and the reasons why others or parts of them were refused, stay in the folder of models.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.conversion import CONVERSION_VERSION, convert
from edgeprof.operator_models.probe_files import REFUSED, ProbeFiles, keep_probe, kept_probes, probe_stem

if TYPE_CHECKING:
    from edgeprof_predictor.operators.probes.suite import Probe


def tflite_probes(folder: Path) -> ProbeFiles:
    """Write the probe suite, as far as the folder does not hold it already.

    Args:
        folder: The folder of models.

    Raises:
        OutputFileError: If a file cannot be written.
    """
    from edgeprof_predictor.operators.probes.suite import suite

    stems = {}
    for probe in suite():
        stem = stems[probe.name] = folder / probe_stem(probe, f"tflite {CONVERSION_VERSION}")
        path, reason = stem.with_suffix(".tflite"), stem.with_suffix(REFUSED)
        if not path.exists() and not reason.exists():
            _write(probe, path, reason)
    return kept_probes(stems, ".tflite")


def _write(probe: "Probe", path: Path, reason: Path) -> None:
    try:
        converted = convert(probe.model())
    except ExportError as error:
        keep_probe(reason, str(error).encode())
        return
    # First the file: a reason alone says that there is none.
    keep_probe(path, converted.content)
    if converted.left_out:
        keep_probe(reason, "; ".join(dict.fromkeys(converted.left_out)).encode())
