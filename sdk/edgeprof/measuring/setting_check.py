"""Checks a setting against a device before anything is exported, uploaded or measured."""

from edgeprof.errors import SettingNotSupportedError
from edgeprof.exporters.onnx import PRECISION
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting

_RUNTIMES_OF_MODEL_PRECISION = frozenset({"onnxruntime"})
"""Runtimes that compute in the precision of the model's file, where an older agent does not tell."""


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


def require_exportable(device: Device, setting: Setting) -> None:
    """Check that networks of a search space can be exported and run in a setting.

    Args:
        device: The device.
        setting: How to run them.

    Raises:
        SettingNotSupportedError: If the precision is that of the exported file and another is asked for, or the device
            does not allow the number of threads.
    """
    require_threads(device, setting)
    runtime = next((item for item in device.runtimes if item.name == setting.runtime), None)
    is_of_model = setting.runtime in _RUNTIMES_OF_MODEL_PRECISION or (
        runtime is not None and runtime.is_precision_of_model
    )
    if is_of_model and setting.precision not in ("", PRECISION):
        raise SettingNotSupportedError(
            f"precision {setting.precision!r} was asked for, but edgeprof exports networks in {PRECISION}, and "
            f"{setting.runtime} computes in the precision of the file: leave --precision out"
        )
