"""One conversion: an architecture as files in the folder of models, unless they are there already.

The name of a file is a digest of everything that decides its content: network, precision, calibration data, exporter
and the version of its converter. What is in the folder has been compared with the torch module.
"""

import hashlib
import json
import os
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from edgeprof.errors import ExportError, OutputFileError
from edgeprof.exporters.agreement import require_agreement
from edgeprof.exporters.base import Exporter, NetworkToExport
from edgeprof.exporters.calibration import calibration_digest, read_calibration
from edgeprof.exporters.networks import WEIGHTS_VERSION, build_network, synthetic_inputs
from edgeprof_predictor._output_files import write_output
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.spaces import SearchSpace

_ONE_AT_A_TIME = threading.Lock()
"""Networks are made one after the other: their weights come from torch's one generator, and threads that need the same
network must not make it twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What to convert.

    Args:
        exporter: Name of the exporter.
        precision: Precision of the files.
        space: Name of the search space.
        architecture: Text of the architecture.
        batch_size: First dimension of the input.
        calibration: File of calibration data (.npz) for integer precisions; empty for synthetic data.
    """

    exporter: str
    precision: str
    space: str
    architecture: str
    batch_size: int = 1
    calibration: str = ""

    @property
    def network(self) -> str:
        """The network, in words."""
        return self.architecture


def files_of(conversion: Conversion, exporter: Exporter, space: SearchSpace, folder: Path) -> tuple[Path, ...]:
    """Return where the files of a conversion are kept, the main one first.

    Raises:
        ExportError: If the calibration data cannot be read.
    """
    # The same architecture may have another number of classes, or an image as output.
    shapes = f"{space.input_shape} to {space.output_shape}"
    facts = {
        **asdict(conversion),
        "version": exporter.version(),
        "shapes": shapes,
        "weights": WEIGHTS_VERSION,
        "calibration": calibration_digest(conversion.calibration) if conversion.calibration else "",
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return tuple(folder / f"{conversion.space}-{digest[:32]}{suffix}" for suffix in exporter.suffixes)


def convert(conversion: Conversion, exporter: Exporter, space: SearchSpace, folder: Path) -> tuple[Path, ...]:
    """Export an architecture, unless the folder holds it already.

    Args:
        conversion: What to convert.
        exporter: The exporter that it names.
        space: The search space that it names.
        folder: Where the files are kept; made where it does not exist.

    Returns:
        The files, the main one first.

    Raises:
        ExportError: If the converter fails, or what it wrote does not compute what torch does.
        OutputFileError: If the files cannot be written.
    """
    kept = files_of(conversion, exporter, space, folder)
    # The main file is written last. Who needs what is there does not wait for those who export.
    if not kept[0].exists():
        with _ONE_AT_A_TIME:
            if not kept[0].exists():
                _export(conversion, exporter, space, kept)
    return kept


def _export(conversion: Conversion, exporter: Exporter, space: SearchSpace, kept: tuple[Path, ...]) -> None:
    data = read_calibration(conversion.calibration, space) if conversion.calibration else synthetic_inputs(space)
    network = build_network(space, space.parse(conversion.architecture), batch_size=conversion.batch_size, inputs=data)
    write_checked(exporter, conversion.architecture, network, conversion.precision, kept)


def write_checked(
    exporter: Exporter, name: str, network: NetworkToExport, precision: str, kept: tuple[Path, ...]
) -> None:
    """Write a network, once it is known that the files compute what torch does.

    Args:
        exporter: What writes it.
        name: The network, in words.
        network: The network.
        precision: Precision of the files.
        kept: Where the files go, the main one first; it is written last.

    Raises:
        ExportError: If the converter fails, or what it wrote does not compute what torch does.
        OutputFileError: If the files cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="edgeprof-export-") as scratch:
            _keep(_written(exporter, name, network, precision, Path(scratch)), kept)
    except OSError as error:
        raise OutputFileError(
            f"cannot keep the exported network {kept[0]} ({error.strerror or error}): free the disk, or name another "
            "folder in EDGEPROF_CACHE; nothing measured is lost"
        ) from error


def _written(exporter: Exporter, name: str, network: NetworkToExport, precision: str, folder: Path) -> tuple[Path, ...]:
    try:
        files = exporter.export(network, folder, precision)
        require_agreement(exporter, network, files, precision)
    except (ExportError, OSError, PredictorError):
        raise
    except Exception as error:  # converters raise anything
        reason = (str(error).strip().splitlines() or [""])[0][:300]
        raise ExportError(
            f"{exporter.name} cannot write {name} in {precision}: {type(error).__name__}: {reason}"
        ) from error
    return files


def _keep(written: tuple[Path, ...], kept: tuple[Path, ...]) -> None:
    kept[0].parent.mkdir(parents=True, exist_ok=True)
    for source, target in reversed(list(zip(written, kept, strict=True))):
        write_output(os.fspath(target), source.read_bytes())
