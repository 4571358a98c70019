"""The probe suite as files in the folder of models, in the precision of a setting."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import OutputFileError
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof_predictor._output_files import write_output

if TYPE_CHECKING:
    from edgeprof_predictor.operators.probes.suite import Probe

CALIBRATION_INPUT_COUNT = 4
"""Inputs by which the ranges of a quantised probe are scaled."""

REFUSED = ".refused"
"""Ending of the file that says why a probe was refused by a converter, or parts of it."""


@dataclass(frozen=True, slots=True)
class ProbeFiles:
    """The probe suite as files.

    Args:
        models: The probes that a runtime can read.
        refusals: Why others cannot be converted to its format, by name.
        shortened: Why parts of some that share no value with the rest were left out, by name.
        missing: Why there are none at all; empty where there are.
    """

    models: tuple[ModelToMeasure, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    shortened: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""


NO_PROBES = ProbeFiles()


def probe_stem(probe: "Probe", variant: str) -> str:
    """Return the name of a probe's file without its suffix.

    Args:
        probe: The probe.
        variant: What else decides the content: precision, or format with the version of its converter.
    """
    from edgeprof_predictor.operators.probes.suite import SUITE_VERSION

    digest = hashlib.sha256(f"{probe.name} {probe.seed} {SUITE_VERSION} {variant}".encode()).hexdigest()
    return f"probe-{digest[:32]}"


def onnx_probes(folder: Path, *, is_quantised: bool) -> ProbeFiles:
    """Write the probe suite, unless the folder holds it already.

    Args:
        folder: The folder of models.
        is_quantised: Whether the probes are to compute in 8-bit integers, scaled by their own example inputs. Those
            that have nothing to quantise stay as they are.

    Raises:
        OutputFileError: If a file cannot be written.
    """
    from edgeprof_predictor.operators.probes.suite import suite

    precision = "int8" if is_quantised else "float32"
    found = []
    for probe in suite():
        path = folder / f"{probe_stem(probe, precision)}.onnx"
        if not path.exists():
            keep_probe(path, _quantised(probe) if is_quantised else probe.model_bytes())
        found.append(ModelToMeasure(name=probe.name, path=path, is_probe=True))
    return ProbeFiles(tuple(found))


def _quantised(probe: "Probe") -> bytes:
    from edgeprof.exporters.onnx import quantize_model

    with tempfile.TemporaryDirectory(prefix="edgeprof-probe-") as folder:
        source, target = Path(folder, "float32.onnx"), Path(folder, "int8.onnx")
        source.write_bytes(probe.model_bytes())
        quantize_model(source, target, probe.example_inputs(CALIBRATION_INPUT_COUNT))
        return target.read_bytes()


def kept_probes(stems: Mapping[str, Path], suffix: str) -> ProbeFiles:
    """Return the converted probes that the folder of models holds, and why others were refused.

    Args:
        stems: The file of each probe without its suffix, by the probe's name.
        suffix: Ending of a converted probe. A file that ends in `REFUSED` instead says why there is none, or, beside
            one, what was left out of it.
    """
    reasons = {name: stem.with_suffix(REFUSED) for name, stem in stems.items()}
    told = {name: path.read_text(encoding="utf-8") for name, path in reasons.items() if path.exists()}
    paths = {name: path for name, stem in stems.items() if (path := stem.with_suffix(suffix)).exists()}
    return ProbeFiles(
        models=tuple(ModelToMeasure(name=name, path=path, is_probe=True) for name, path in paths.items()),
        refusals={name: reason for name, reason in told.items() if name not in paths},
        shortened={name: reason for name, reason in told.items() if name in paths},
    )


def keep_probe(path: Path, content: bytes) -> None:
    """Write a file of a probe into the folder of models.

    Args:
        path: The file.
        content: Its content.

    Raises:
        OutputFileError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_output(path, content)
    except OSError as error:
        raise OutputFileError(
            f"cannot keep the probe {path} ({error.strerror}): free the disk, or name another folder in EDGEPROF_CACHE"
        ) from error
