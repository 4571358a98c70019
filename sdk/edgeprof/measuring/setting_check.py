"""Checks a setting against a device before anything is uploaded or measured."""

import os

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import ModelFileError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof.exporters.choice import ExportChoice, choose_exporter
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.model_formats import ONNX
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import read_model
from edgeprof_proto.shared.onnx_precision import precision_of
from edgeprof_proto.shared.setting_offer import MissingRuntimeError, SettingOfferError, check_setting_offer

RUNTIMES_OF_MODEL_PRECISION = frozenset({"onnxruntime"})
"""Runtimes that compute in the precision of the model's file, where an older agent does not say so."""


def require_offered(device: Device, setting: Setting) -> None:
    """Check that a device offers what a setting asks for: runtime, provider, precision, options, cores, threads.

    Args:
        device: The device.
        setting: How to run a model.

    Raises:
        RuntimeNotFoundError: If it does not have the runtime.
        SettingNotSupportedError: If it does not offer the rest.
    """
    try:
        check_setting_offer(setting, device, thread_count=device.limits.thread_count)
    except MissingRuntimeError as error:
        raise RuntimeNotFoundError(str(error)) from error
    except SettingOfferError as error:
        raise SettingNotSupportedError(str(error)) from error


def require_exportable(device: Device, setting: Setting) -> ExportChoice:
    """Check that a device offers a setting and that this host exports networks for it, before anything is exported.

    Args:
        device: The device.
        setting: How the networks are to run.

    Returns:
        What writes them.

    Raises:
        RuntimeNotFoundError: If the device does not have the runtime.
        SettingNotSupportedError: If it does not offer the rest, or no exporter writes the precision in a format that
            the runtime reads.
        ExportError: If the exporter's converter is not installed.
    """
    require_offered(device, setting)
    return choose_exporter(device, setting)


def require_runnable(device: Device, setting: Setting, model: str | os.PathLike[str]) -> None:
    """Check that a device can run a file in a setting, as far as this host can say before the upload.

    Where the runtime computes in the precision of the file, no other may be asked for. The device checks this too, but
    only after the upload; the precision of files of other formats than ONNX is left to it.

    Args:
        device: The device.
        setting: How to run the model.
        model: Its file.

    Raises:
        RuntimeNotFoundError: If the device does not have the runtime.
        ModelFileError: If the file cannot be read, or is no model of a format that the runtime reads.
        SettingNotSupportedError: If the file computes in another precision, or the device does not offer the rest.
    """
    require_offered(device, setting)
    runtime = next(item for item in device.runtimes if item.name == setting.runtime)
    is_of_model = runtime.is_precision_of_model or setting.runtime in RUNTIMES_OF_MODEL_PRECISION
    # Agents before contract revision 4 do not say which formats a runtime reads.
    model_formats = runtime.model_formats or ((ONNX,) if is_of_model else ())
    found = find_model_files(model, model_formats, setting.runtime)
    if not setting.precision or not is_of_model or found.model_format != ONNX:
        return
    try:
        precision = precision_of(read_model(found.main))
    except (ModelContentError, OSError) as error:
        raise ModelFileError(f"{os.fspath(model)}: {error}") from error
    if setting.precision != precision:
        raise SettingNotSupportedError(
            f"{os.fspath(model)} computes in {precision}, precision {setting.precision!r} was asked for, and "
            f"{setting.runtime} computes in the precision of the file: leave --precision out, or export the model in "
            "another"
        )
