"""Checks that a job's model is there, with every file of it, and in a format that the runtime reads."""

from edgeprof_agent.errors import InvalidRequestError, ModelTooLargeError, SettingNotSupportedError
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.models.stored_model import format_of_stored, read_manifest
from edgeprof_proto.records.device import DeviceDescription
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.shared.model_formats import ModelFormatError, require_format


def check_model(spec: JobSpec, device: DeviceDescription, store: ModelStore) -> None:
    """Check the model of a job before the job is queued, and mark its files as used now.

    Args:
        spec: What to measure; its setting has been checked.
        device: What the runtimes read.
        store: Where the models are.

    Raises:
        ModelNotFoundError: If the model, a file of it, or the archive of its inputs is not on the device.
        SettingNotSupportedError: If the runtime does not read its format.
        ModelTooLargeError: If its files together are larger than a model may be.
        InvalidRequestError: If a manifest tells another size of a file than it has.
        RecordError: If a manifest is not valid.
    """
    path = store.use_model(spec.model_sha256)
    manifest = read_manifest(path)
    files = () if manifest is None else manifest.files
    total_bytes = sum(file.size_bytes for file in files)
    if total_bytes > store.model_bytes:
        raise ModelTooLargeError(
            f"the files of the model have {total_bytes} bytes, this agent takes models of up to {store.model_bytes}; "
            "measure a smaller model, or raise EDGEPROF_AGENT_MODEL_BYTES on the device"
        )
    for file in files:
        size_bytes = store.use_model(file.sha256).stat().st_size
        if size_bytes != file.size_bytes:
            raise InvalidRequestError(
                f"the manifest tells {file.size_bytes} bytes of {file.name}, which has {size_bytes}; make it anew"
            )
    if spec.inputs_sha256:
        store.use_model(spec.inputs_sha256)
    runtime = next(item for item in device.runtimes if item.name == spec.setting.runtime)
    model_format = format_of_stored(path, manifest)
    if model_format is None or not runtime.model_formats:
        return
    try:
        require_format(model_format, runtime.model_formats, f"runtime {runtime.name!r}")
    except ModelFormatError as error:
        raise SettingNotSupportedError(str(error)) from error
