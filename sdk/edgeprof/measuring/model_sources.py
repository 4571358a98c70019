"""Turns what a user names as a model into files that a device reads: a file stays as it is, a module is exported."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edgeprof.errors import ModelFileError
from edgeprof.exporters.choice import choose_exporter
from edgeprof.exporters.module_converter import ModuleConverter
from edgeprof.network_source import is_network_source
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyModel:
    """A model as a device is given it.

    Args:
        path: Its main file.
        input_shapes: Shapes that are still to be given, by the names of inputs and of open dimensions.
        inputs: File with values of inputs (.npz) by their names in the model's file; None to generate every input.
    """

    path: Path
    input_shapes: Mapping[str, Sequence[int]]
    inputs: Path | None


class ModelSources:
    """Turns what a user names into files for the runtimes of a device. Use it as a context manager.

    Files of exported modules are gone when it is left.

    Args:
        device: The device as its agent describes it.
        input_shapes: Shapes by the names of inputs: those of a module, and those that a file leaves open.
        inputs: File with values of inputs (.npz) by their names; None where none are given.
        calibration: File of calibration data (.npz) for modules in integer precisions; None for synthetic data.
    """

    def __init__(
        self,
        device: Device,
        *,
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: str | os.PathLike[str] | None = None,
        calibration: str | os.PathLike[str] | None = None,
    ) -> None:
        self._device = device
        self._input_shapes = input_shapes
        self._inputs = None if inputs is None else Path(inputs)
        self._folder = tempfile.TemporaryDirectory(prefix="edgeprof-modules-")
        self._converter = ModuleConverter(Path(self._folder.name), calibration=calibration)

    def model_for(self, source: str | os.PathLike[str], setting: Setting) -> ReadyModel:
        """Return the model that a source names, for a setting of the device.

        Args:
            source: A file of a model, or a torch module as `path/to/file.py:callable` or `package.module:callable`.
            setting: How to run it. Its precision is that of an exported file where the runtime computes in that.

        Raises:
            NetworkSourceError: If the source gives no torch module.
            ExportError: If a module cannot be exported, or its inputs are not known.
            SettingNotSupportedError: If no exporter of this host writes what the setting needs.
            OutputFileError: If its files cannot be written.
        """
        if not is_network_source(os.fspath(source)):
            return ReadyModel(path=Path(source), input_shapes=self._input_shapes, inputs=self._inputs)
        exported = self._converter.convert(
            os.fspath(source),
            choose_exporter(self._device, setting),
            shapes=self._input_shapes,
            inputs=self._inputs,
            batch_size=setting.batch_size,
        )
        inputs = None if self._inputs is None else self._renamed(self._inputs, exported.input_names)
        return ReadyModel(path=exported.files[0], input_shapes={}, inputs=inputs)

    def __enter__(self) -> "ModelSources":
        return self

    def __exit__(self, *_: object) -> None:
        self._converter.close()
        self._folder.cleanup()

    def _renamed(self, inputs: Path, names: Mapping[str, str]) -> Path:
        """Return the values of inputs under the names that these have in the exported file."""
        if all(name == in_file for name, in_file in names.items()):
            return inputs
        renamed = Path(self._folder.name, f"inputs-{'-'.join(names.values())}.npz")
        try:
            with np.load(inputs, allow_pickle=False) as archive:
                np.savez(renamed, **{names[name]: archive[name] for name in archive.files})
        except OSError as error:
            raise ModelFileError(f"the inputs {inputs} cannot be written for the device: {error.strerror}") from error
        return renamed
