"""Turns what a user names as a model into files that a device reads: a file stays as it is, a module is exported."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from edgeprof.devices.model_files import file_sha256, find_model_files
from edgeprof.devices.model_folder import models_in
from edgeprof.errors import InvalidArgumentError, ModelFileError
from edgeprof.measuring.inputs_by_name import InputsByName
from edgeprof.network_source import is_network_source, require_source_file
from edgeprof.store.given_inputs import GivenInputs
from edgeprof.store.platform import default_setting
from edgeprof_proto.records.job_spec import InputShape, Setting

if TYPE_CHECKING:
    from edgeprof.exporters.module_converter import ModuleConverter, ModuleExports
    from edgeprof_proto.records.device import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyModel:
    """A model as a device is given it.

    Args:
        path: Its main file.
        setting: How to run it.
        input_shapes: Shapes that are still to be given, by the names of inputs and of open dimensions.
        inputs: File with values of inputs (.npz) by their names in the model's file; None to generate every input.
        unknown_names: Names that something was given for and that it does not know, where it is one of several models.
    """

    path: Path
    setting: Setting
    input_shapes: Mapping[str, Sequence[int]]
    inputs: Path | None
    unknown_names: tuple[str, ...] = ()

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

    Files of exported modules are gone when it is left, unless they are shared.

    Args:
        device: The device as its agent describes it, whose runtime says which formats it reads; None where it is not
            at hand: modules are then exported to ONNX, and each model needs its setting.
        input_shapes: Shapes by the names of inputs: those of a module, and those that a file leaves open.
        inputs: File with values of inputs (.npz) by their names; None where none are given.
        calibration: File of calibration data (.npz) for modules in integer precisions; None for synthetic data.
        is_for_one: Whether shapes and values are meant for one model, which must know all their names. Of several, each
            is given those that it knows.
        exports: Modules that were exported for other devices of the same command; None to export for this one alone.
    """

    def __init__(
        self,
        device: "Device | None",
        input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
        inputs: str | os.PathLike[str] | None = None,
        calibration: str | os.PathLike[str] | None = None,
        *,
        is_for_one: bool = True,
        exports: "ModuleExports | None" = None,
    ) -> None:
        self._device = device
        self._is_for_one = is_for_one
        self._exports = exports
        self._known_names: set[str] = set()
        self._resources = ExitStack()
        self._given = InputsByName(input_shapes, None if inputs is None else Path(inputs), lambda: self._folder)
        self._calibration = calibration
        self._converter: ModuleConverter | None = None

    @property
    def device(self) -> "Device":
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
            ModelFileError: If a file of values cannot be read.
        """
        if setting is None:
            setting = default_setting_for(self.device, source)
        if not is_network_source(os.fspath(source)):
            return self._file(Path(source), setting)
        return self._module(os.fspath(source), setting)

    def require_all_known(self) -> None:
        """Check that each name that something was given for was known to one of the models.

        Raises:
            InvalidArgumentError: If one was not.
        """
        if unknown := self._given.unknown_to(self._known_names):
            raise InvalidArgumentError(
                f"a shape or values were given for {', '.join(map(repr, unknown[:8]))}, and no model has an input or "
                f"an open dimension of that name; they have: {', '.join(sorted(self._known_names)[:16]) or 'none'}"
            )

    def release(self) -> None:
        """End the process that exports, whose memory is better used while a model is measured. The files stay."""
        if self._converter is not None:
            self._converter.close()

    def __enter__(self) -> "ModelSources":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._resources.close()

    @cached_property
    def _folder(self) -> Path:
        """A folder for files that are made, itself made with the first of them."""
        import tempfile

        return Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="edgeprof-modules-")))

    def _module(self, source: str, setting: Setting) -> ReadyModel:
        # Imported here: a command that is given files need not know how modules are exported.
        from edgeprof.exporters.choice import choose_exporter
        from edgeprof.exporters.module_converter import ModuleConverter, ModuleExports
        from edgeprof.measuring.setting_check import require_exportable

        if self._converter is None:
            exports = self._exports or ModuleExports(self._folder)
            self._converter = ModuleConverter(exports, calibration=self._calibration)
        exported = self._converter.convert(
            source,
            choose_exporter(None, setting) if self._device is None else require_exportable(self._device, setting),
            shapes=self._given.shapes,
            inputs=self._given.values,
            batch_size=setting.batch_size,
            skips_unknown=not self._is_for_one,
        )
        self._known_names.update(exported.input_names)
        return ReadyModel(
            path=exported.files[0],
            setting=setting,
            input_shapes={},
            inputs=exported.inputs,
            unknown_names=() if self._is_for_one else self._given.unknown_to(exported.input_names),
        )

    def _file(self, path: Path, setting: Setting) -> ReadyModel:
        _require_no_python_file(path)
        given, names = self._given, None
        if not self._is_for_one and given.names:
            from edgeprof.devices.input_names import input_names

            names = input_names(path)
        if names is None:
            if not self._is_for_one:
                # Only the device knows those of the model.
                self._known_names.update(given.names)
            return ReadyModel(path=path, setting=setting, input_shapes=given.shapes, inputs=given.values)
        self._known_names |= names
        return ReadyModel(
            path=path,
            setting=setting,
            input_shapes=given.shapes_for(names),
            inputs=given.values_for(names),
            unknown_names=given.unknown_to(names),
        )


def default_setting_for(device: "Device", source: str | os.PathLike[str]) -> Setting:
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


def require_readable(sources: Sequence[str | os.PathLike[str]]) -> None:
    """Check what is known of models before any device is asked.

    Args:
        sources: As for `ModelSources.model_for`, and folders of files.

    Raises:
        ModelFileError: If a file cannot be read or is of no model, or a folder holds none.
        NetworkSourceError: If the Python file of a torch module is not there.
    """
    for source in sources:
        path = Path(source)
        if is_network_source(os.fspath(source)):
            require_source_file(os.fspath(source))
        elif path.is_dir():
            models_in(path)
        else:
            _require_no_python_file(path)
            find_model_files(path)


def _require_no_python_file(path: Path) -> None:
    if path.suffix == ".py":
        raise ModelFileError(f"{path} is a Python file: name what makes the torch module in it, as {path}:make")
