"""Exports torch modules of users' for the runtimes of a device, in a process of its own."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from edgeprof.errors import EdgeprofError
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.process_link import ConverterLink
from edgeprof.exporters.user_modules import ExportedModule, ModuleConversion


class ModuleExports:
    """What became of the conversions of one command, each of which is made once, whichever device asks for it.

    Args:
        folder: Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._found: dict[ModuleConversion, ExportedModule | EdgeprofError] = {}

    def of(self, conversion: ModuleConversion, export: Callable[[ModuleConversion], ExportedModule]) -> ExportedModule:
        """Return what came of a conversion, which is made where it was not yet; one that failed fails again.

        Args:
            conversion: The conversion.
            export: Makes it.

        Raises:
            EdgeprofError: What `export` has raised.
        """
        with self._lock:
            if conversion not in self._found:
                try:
                    self._found[conversion] = export(conversion)
                except EdgeprofError as error:
                    self._found[conversion] = error
            found = self._found[conversion]
        if isinstance(found, EdgeprofError):
            raise found
        return found


class ModuleConverter:
    """Writes torch modules as files. Close it, or use it as a context manager.

    The user's code runs in the process alone: what it prints, or its crash, does not disturb the host. Nothing is taken
    from an earlier command, since only running the code tells what it makes.

    Args:
        exports: What the command has exported so far, and where.
        calibration: File of calibration data (.npz) for integer precisions; None for synthetic data.
    """

    def __init__(self, exports: ModuleExports, *, calibration: str | os.PathLike[str] | None = None) -> None:
        self._calibration = "" if calibration is None else os.fspath(calibration)
        self._link = ConverterLink(exports.folder)
        self._exports = exports

    def convert(
        self,
        source: str,
        choice: ExportChoice,
        *,
        shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: str | os.PathLike[str] | None = None,
        batch_size: int = 1,
        skips_unknown: bool = False,
    ) -> ExportedModule:
        """Export a module.

        Args:
            source: Where it is, see `edgeprof.network_source`.
            choice: The exporter, and the precision of the files.
            shapes: Shapes by the names of the module's inputs.
            inputs: File with values of inputs (.npz) by their names; None where none are given.
            batch_size: First dimension of the inputs, where it is 1 in all of them otherwise.
            skips_unknown: Whether shapes and values of names that the module does not know are left out.

        Raises:
            NetworkSourceError: If the source gives no torch module.
            ExportError: If the inputs of the module are not known, it does not take them, the converter fails or ends,
                or what it wrote does not compute what torch does.
            OutputFileError: If the files cannot be written.
        """
        conversion = ModuleConversion(
            exporter=choice.exporter.name,
            precision=choice.precision,
            source=source,
            shapes=tuple((name, tuple(shape)) for name, shape in shapes.items()),
            inputs="" if inputs is None else os.fspath(inputs),
            batch_size=batch_size,
            calibration="" if choice.is_floating else self._calibration,
            skips_unknown=skips_unknown,
        )
        return self._exports.of(conversion, self._link.result)

    def close(self) -> None:
        """End the process, if there is one. The files stay."""
        self._link.close()

    def __enter__(self) -> "ModuleConverter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
