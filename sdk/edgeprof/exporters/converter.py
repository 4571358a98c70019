"""Converts networks for a platform: here where that is quick, else in a process of its own, ahead of the measuring."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.conversion import Conversion, convert, files_of
from edgeprof.exporters.process_link import ConverterLink
from edgeprof_predictor.spaces import SearchSpace

MAX_AHEAD_COUNT = 2
"""Conversions ahead at once: one that is needed, or a device that has done its work, waits for no more than these."""


class Converter:
    """Writes the networks of one space for one platform. Close it, or use it as a context manager.

    Args:
        choice: The exporter and the precision of the files.
        space: The search space.
        folder: The folder of models.
        batch_size: First dimension of the input.
        calibration: File of calibration data for integer precisions; None for synthetic data.
        is_ahead: Whether networks may be converted while others are measured.

    Raises:
        ExportError: If the calibration data cannot be used.
    """

    def __init__(
        self,
        choice: ExportChoice,
        space: SearchSpace,
        folder: Path,
        *,
        batch_size: int = 1,
        calibration: str | os.PathLike[str] | None = None,
        is_ahead: bool = True,
    ) -> None:
        self._choice = choice
        self._space = space
        self._folder = folder
        self._batch_size = batch_size
        self._calibration = "" if calibration is None else os.path.abspath(calibration)
        self.is_ahead = is_ahead
        """Whether networks are converted while others are measured."""
        self.is_quick = choice.is_quick
        """Whether they are converted in this process, in less than a second each."""
        self._link = ConverterLink(folder)

    def convert(self, architecture: str) -> tuple[Path, ...]:
        """Return the files of an architecture's network, the main one first; they are written where there are none.

        Args:
            architecture: Text of the architecture.

        Raises:
            ExportError: If the converter cannot write the network, what it wrote does not compute the same, or its
                process ended or does not answer.
            OutputFileError: If the files cannot be kept.
        """
        conversion = self._conversion(architecture)
        if self.is_quick:
            return convert(conversion, self._choice.exporter, self._space, self._folder)
        files = self._files(conversion)
        if files[0].exists():
            return files
        return self._link.result(conversion).files

    def prepare(self, architectures: Sequence[str] = ()) -> None:
        """Convert the first of these: in a process, which is started, while the caller does something else, or now.

        Args:
            architectures: Texts of the architectures that will be needed next, in this order.

        Raises:
            ExportError: If one that is converted now cannot be.
        """
        conversions = map(self._conversion, architectures if self.is_ahead else ())
        wanted = (item for item in conversions if not self._files(item)[0].exists())
        if not self.is_quick:
            self._link.prepare(wanted, max_ahead_count=MAX_AHEAD_COUNT)
            return
        for conversion in islice(wanted, MAX_AHEAD_COUNT):
            convert(conversion, self._choice.exporter, self._space, self._folder)

    def close(self) -> None:
        """End the process, if there is one."""
        self._link.close()

    def __enter__(self) -> "Converter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _files(self, conversion: Conversion) -> tuple[Path, ...]:
        return files_of(conversion, self._choice.exporter, self._space, self._folder)

    def _conversion(self, architecture: str) -> Conversion:
        return Conversion(
            exporter=self._choice.exporter.name,
            precision=self._choice.precision,
            space=self._space.name,
            architecture=architecture,
            batch_size=self._batch_size,
            calibration="" if self._choice.is_floating else self._calibration,
        )
