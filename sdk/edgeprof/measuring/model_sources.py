"""Turns what a user names as a model into files that a device reads: a file stays as it is, a module is exported."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from edgeprof.devices.model_files import file_sha256, find_model_files
from edgeprof.errors import ModelFileError
from edgeprof.exporters.module_converter import ModuleConverter
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.network_source import is_network_source
from edgeprof.store.given_inputs import GivenInputs
from edgeprof.store.platform import default_setting
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import InputShape, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyModel:
    """A model as a device is given it.

    Args:
        path: Its main file.
        setting: How to run it.
        input_shapes: Shapes that are still to be given, by the names of inputs and of open dimensions.
        inputs: File with values of inputs (.npz) by their names in the model's file; None to generate every input.
    """

    path: Path
    setting: Setting
    input_shapes: Mapping[str, Sequence[int]]
    inputs: Path | None

    def given(self) -> dict[str, Any]:
        """Return shapes and values as arguments of `edgeprof.DeviceClient.measure`."""
        return {"input_shapes": self.input_shapes, "inputs": self.inputs}

    def given_inputs(self) -> GivenInputs:
        """Return shapes and values as a part of the platform that runs the model.

        Raises:
            ModelFileError: If the file of values cannot be read.
        """
        shapes = tuple(InputShape(name=name, sizes=tuple(sizes)) for name, sizes in self.input_shapes.items())
        return GivenInputs(shapes=shapes, values_sha256="" if self.inputs is None else file_sha256(self.inputs))


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
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: str | os.PathLike[str] | None = None,
        calibration: str | os.PathLike[str] | None = None,
    ) -> None:
        self.device = device
        self._input_shapes = input_shapes
        self._inputs = None if inputs is None else Path(inputs)
        self._folder = tempfile.TemporaryDirectory(prefix="edgeprof-modules-")
        self._converter = ModuleConverter(Path(self._folder.name), calibration=calibration)

    def model_for(self, source: str | os.PathLike[str], setting: Setting | None) -> ReadyModel:
        """Return the model that a source names, for a setting of the device.

        Args:
            source: A file of a model, or a torch module as `path/to/file.py:callable` or `package.module:callable`.
            setting: How to run it. Its precision is that of an exported file where the runtime computes in that. None
                for the default of the device.

        Raises:
            NetworkSourceError: If the source gives no torch module.
            RuntimeNotFoundError: If a module is to be exported for a runtime that the device does not have.
            SettingNotSupportedError: If the device does not offer the rest of a module's setting, or no exporter of
                this host writes what it needs.
            ExportError: If a module cannot be exported, or its inputs are not known.
            OutputFileError: If its files cannot be written.
        """
        setting = setting or default_setting_for(self.device, source)
        if not is_network_source(os.fspath(source)):
            return ReadyModel(path=Path(source), setting=setting, input_shapes=self._input_shapes, inputs=self._inputs)
        exported = self._converter.convert(
            os.fspath(source),
            require_exportable(self.device, setting),
            shapes=self._input_shapes,
            inputs=self._inputs,
            batch_size=setting.batch_size,
        )
        inputs = None if self._inputs is None else self._renamed(self._inputs, exported.input_names)
        return ReadyModel(path=exported.files[0], setting=setting, input_shapes={}, inputs=inputs)

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


def default_setting_for(device: Device, source: str | os.PathLike[str]) -> Setting:
    """Return the setting of a model where none is named: the default of the device among runtimes that read its format.

    Args:
        device: The device as its agent describes it.
        source: As for `ModelSources.model_for`. For a torch module, and for a file that cannot be read, any runtime
            counts.
    """
    model_format = ""
    if not is_network_source(os.fspath(source)):
        with suppress(ModelFileError):
            model_format = find_model_files(source).model_format
    return default_setting(device, model_format)
