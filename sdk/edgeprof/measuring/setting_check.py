"""Checks a setting against a device before anything is uploaded or measured."""

import os

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import ModelFileError, SettingNotSupportedError
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.model_formats import ONNX
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import read_model
from edgeprof_proto.shared.onnx_precision import precision_of

_RUNTIMES_OF_MODEL_PRECISION = frozenset({"onnxruntime"})
"""Runtimes that compute in the precision of the model's file, where an older agent does not say so."""


def require_threads(device: Device, setting: Setting) -> None:
    """Check that a device allows as many threads as a setting asks for.

    Args:
        device: The device.
        setting: How to run a model.

    Raises:
        SettingNotSupportedError: If it allows fewer.
    """
    limit = device.limits.thread_count
    if limit and setting.thread_count > limit:
        raise SettingNotSupportedError(
            f"the device allows {limit} threads, {setting.thread_count} were asked for; more threads than cores only "
            "wait for each other (EDGEPROF_AGENT_THREAD_COUNT on the device allows more)"
        )


def require_runnable(device: Device, setting: Setting, model: str | os.PathLike[str]) -> None:
    """Check that a device can run a file in a setting, as far as this host can say before the upload.

    Where the runtime computes in the precision of the file, no other may be asked for. The device checks this too, but
    only after the upload; files of other formats than ONNX are left to it.

    Args:
        device: The device.
        setting: How to run the model.
        model: Its file.

    Raises:
        ModelFileError: If the file cannot be read, or is not a model.
        SettingNotSupportedError: If it computes in another precision, or the device does not allow the number of
            threads.
    """
    require_threads(device, setting)
    runtime = next((item for item in device.runtimes if item.name == setting.runtime), None)
    is_of_model = runtime is not None and runtime.is_precision_of_model
    if not setting.precision or not (is_of_model or setting.runtime in _RUNTIMES_OF_MODEL_PRECISION):
        return
    # Agents before contract revision 4 do not say which formats a runtime reads.
    model_formats = (runtime and runtime.model_formats) or (ONNX,)
    found = find_model_files(model, model_formats, setting.runtime)
    if found.model_format != ONNX:
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
