"""Shapes and values of inputs by their names, given for several models: each gets those whose names it has."""

import io
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from edgeprof.errors import ModelFileError


class InputsByName:
    """What a user gives.

    Args:
        shapes: Shapes by the names of inputs, and sizes by those of open dimensions.
        values: File with values of inputs (.npz) by their names; None where none are given.
        folder: Returns the folder where files with some of the values go.
    """

    def __init__(self, shapes: Mapping[str, Sequence[int]], values: Path | None, folder: Callable[[], Path]) -> None:
        self.shapes = shapes
        self.values = values
        self._folder = folder

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names that something is given for.

        Raises:
            ModelFileError: If the file of values is no archive of NumPy's.
        """
        return tuple(dict.fromkeys((*self.shapes, *self._value_names)))

    def unknown_to(self, known: Collection[str]) -> tuple[str, ...]:
        """Return the names that something is given for and that a model does not know.

        Args:
            known: The names that it knows.
        """
        return tuple(name for name in self.names if name not in known)

    def shapes_for(self, known: Collection[str]) -> dict[str, Sequence[int]]:
        """Return the shapes that a model knows.

        Args:
            known: The names that it knows.
        """
        return {name: shape for name, shape in self.shapes.items() if name in known}

    def values_for(self, known: Collection[str]) -> Path | None:
        """Return a file with the values that a model knows; None where it knows none of them.

        Args:
            known: The names that it knows.

        Raises:
            ExportError: If the values cannot be read.
            OutputFileError: If the file cannot be written.
        """
        kept = [name for name in self._value_names if name in known]
        if self.values is None or not kept:
            return None
        if len(kept) == len(self._value_names):
            return self.values
        from edgeprof.exporters.calibration import read_values
        from edgeprof_predictor._output_files import write_output

        arrays = read_values(self.values)
        with io.BytesIO() as content:
            np.savez(content, **{name: arrays[name] for name in kept})  # type: ignore[arg-type]  # as in user_modules
            folder = self._folder()
            path = folder / f"values-{len(list(folder.glob('values-*')))}.npz"
            write_output(os.fspath(path), content.getvalue())
        return path

    @cached_property
    def _value_names(self) -> tuple[str, ...]:
        if self.values is None:
            return ()
        import zipfile

        try:
            with zipfile.ZipFile(self.values) as archive:
                return tuple(name.removesuffix(".npy") for name in archive.namelist())
        except (OSError, zipfile.BadZipFile) as error:
            raise ModelFileError(f"the values {self.values} are no archive of NumPy's (.npz): {error}") from error
