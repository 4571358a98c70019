"""The probe suite as `.tflite` files: what TensorFlow Lite has no built-in operators for is left out.

Files, and the reasons why others or parts of them were refused, stay in the folder of models.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.conversion import CONVERSION_VERSION, convert
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.probe_files import ProbeFiles, keep_probe, probe_stem

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

    models: list[ModelToMeasure] = []
    refusals: dict[str, str] = {}
    shortened: dict[str, str] = {}
    for probe in suite():
        stem = folder / probe_stem(probe, f"tflite {CONVERSION_VERSION}")
        path, reason = stem.with_suffix(".tflite"), stem.with_suffix(".refused")
        if not path.exists() and not reason.exists():
            _write(probe, path, reason)
        if path.exists():
            models.append(ModelToMeasure(name=probe.name, path=path, is_probe=True))
        if reason.exists():
            kind = shortened if path.exists() else refusals
            kind[probe.name] = reason.read_text(encoding="utf-8")
    return ProbeFiles(tuple(models), refusals=refusals, shortened=shortened)


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
