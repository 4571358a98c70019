"""Turns what a user names as a model into files that a device reads: a file stays as it is, a module is exported."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgeprof.devices.model_files import file_sha256, find_model_files
from edgeprof.errors import InvalidArgumentError, ModelFileError
from edgeprof.exporters.choice import choose_exporter
from edgeprof.exporters.module_converter import ModuleConverter
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.network_source import is_network_source
from edgeprof.store.given_inputs import GivenInputs
from edgeprof.store.platform import default_setting
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import InputShape, Setting
from edgeprof_proto.shared.model_formats import ONNX
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import read_model


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
        device: The device as its agent describes it, whose runtime says which formats it reads; None where it is not
            at hand: modules are then exported to ONNX, and each model needs its setting.
        input_shapes: Shapes by the names of inputs: those of a module, and those that a file leaves open.
        inputs: File with values of inputs (.npz) by their names; None where none are given.
        calibration: File of calibration data (.npz) for modules in integer precisions; None for synthetic data.
        is_for_one: Whether shapes are meant for one model, which must know all their names. Of several, each is given
            those that it knows: a module and an ONNX file by their inputs, files of other formats all of them.
    """

    def __init__(
        self,
        device: Device | None,
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: str | os.PathLike[str] | None = None,
        calibration: str | os.PathLike[str] | None = None,
        *,
        is_for_one: bool = True,
    ) -> None:
        self._device = device
        self._input_shapes = input_shapes
        self._inputs = None if inputs is None else Path(inputs)
        self._is_for_one = is_for_one
        self._known_names: set[str] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="edgeprof-modules-")
        self._converter = ModuleConverter(Path(self._folder.name), calibration=calibration)

    @property
    def device(self) -> Device:
        """The device as its agent describes it.

        Raises:
            InvalidArgumentError: If it is not at hand.
        """
        if self._device is None:
            raise InvalidArgumentError("a model without a setting needs the device, which says what it has")
        return self._device

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
        if setting is None:
            setting = default_setting_for(self.device, source)
        if not is_network_source(os.fspath(source)):
            return self._file(Path(source), setting)
        exported = self._converter.convert(
            os.fspath(source),
            choose_exporter(None, setting) if self._device is None else require_exportable(self._device, setting),
            shapes=self._input_shapes,
            inputs=self._inputs,
            batch_size=setting.batch_size,
            skips_unknown=not self._is_for_one,
        )
        self._known_names.update(exported.input_names)
        return ReadyModel(path=exported.files[0], setting=setting, input_shapes={}, inputs=exported.inputs)

    def require_all_known(self) -> None:
        """Check that each name that has a shape was known to one of the models.

        Raises:
            InvalidArgumentError: If one was not.
        """
        unknown = [name for name in self._input_shapes if name not in self._known_names]
        if unknown:
            raise InvalidArgumentError(
                f"a shape was given for {', '.join(map(repr, unknown[:8]))}, and no model has an input or an open "
                f"dimension of that name; they have: {', '.join(sorted(self._known_names)[:16]) or 'none'}"
            )

    def release(self) -> None:
        """End the process that exports, whose memory is better used while a model is measured. The files stay."""
        self._converter.close()

    def __enter__(self) -> "ModelSources":
        return self

    def __exit__(self, *_: object) -> None:
        self._converter.close()
        self._folder.cleanup()

    def _file(self, path: Path, setting: Setting) -> ReadyModel:
        if path.suffix == ".py":
            raise ModelFileError(f"{path} is a Python file: name what makes the torch module in it, as {path}:make")
        shapes = self._input_shapes
        if shapes and not self._is_for_one:
            names = _input_names(path)
            shapes = {name: shape for name, shape in shapes.items() if names is None or name in names}
            self._known_names.update(shapes if names is None else names)
        return ReadyModel(path=path, setting=setting, input_shapes=shapes, inputs=self._inputs)


def _input_names(path: Path) -> set[str] | None:
    """Return the names of the inputs and of the open dimensions of an ONNX file; None for any other file."""
    try:
        if find_model_files(path, (ONNX,)).model_format != ONNX:
            return None
        inputs = read_model(path).graph.inputs
    except (ModelFileError, ModelContentError, OSError):
        return None
    open_names = {size for value in inputs for size in value.dimensions or () if isinstance(size, str)}
    return open_names | {value.name for value in inputs}


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
