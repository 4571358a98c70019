"""The public call `add_result`: what another tool has measured, beside this host's results and marked as theirs."""

import os
from pathlib import Path

from edgeprof.devices.named_devices import address_or_text
from edgeprof.errors import InvalidArgumentError
from edgeprof.reporting.listing import StorePath, find_result
from edgeprof.reporting.tool_reports import read_report
from edgeprof.store import KnownDevice, OtherResult, Store, StoredResult, opened
from edgeprof_predictor._plain_files import read_plain_file

MAX_REPORT_BYTES = 32 * 1024 * 1024
"""Size of a report at most; a million runs of `onnxruntime_perf_test` are about 20 MB."""


def add_result(path: str | os.PathLike[str], *, device: str, model: str = "", store: StorePath = None) -> StoredResult:
    """Add the report of another tool to the store. The same file is added once.

    Such a result has no verdict and no interval, so no difference to it is certain, and nothing is fitted to it.

    Args:
        path: The JSON of `benchmark_app` or `litert-benchmark`, or the file that `onnxruntime_perf_test` writes.
        device: Device that it was measured on: name, address or id of one that this host knows, or the name of another.
        model: Name of the model; empty for the one that the report tells.
        store: Where it goes, or its file; None for the user's own.

    Returns:
        The result.

    Raises:
        InvalidArgumentError: If the file is no such report, the device or the model has no name, several devices are
            called so, or the file was added before as the report of another.
        PairingFileError: If the file of this host's devices cannot be read.
        StoreError: If the store cannot be written.
    """
    if not device:
        raise InvalidArgumentError("the report does not tell the device that it was measured on: name it")
    text = _text_of(Path(path))
    try:
        report = read_report(text)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{os.fspath(path)}: {error}") from None
    if not (model or report.model):
        raise InvalidArgumentError(f"{os.fspath(path)} does not tell the model: name it")
    with opened(store) as target:
        known = _known_device(target, address_or_text(device))
        result = OtherResult(
            source=report.source,
            device_id=known.device.device_id if known else "",
            device_name=known.name if known else device,
            setting=report.setting,
            unreported_fields=report.unreported_fields,
            model=model or report.model,
            median_ms=report.median_ms,
            report=text,
        )
        found = find_result(target.add_other_result(result), target)
    if (found.device_id, found.device_name) != (result.device_id, result.device_name) or model not in ("", found.model):
        raise InvalidArgumentError(
            f"{os.fspath(path)} was added before, as result {found.number}: {found.model} on {found.device_name}; "
            "delete that result to add it under another name"
        )
    return found


def _text_of(path: Path) -> str:
    try:
        return read_plain_file(path, max_bytes=MAX_REPORT_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidArgumentError(f"cannot read {path}: {reason}") from error


def _known_device(store: Store, name: str) -> KnownDevice | None:
    devices = store.devices()
    for item in devices:
        # The last seen at an address is the one that is meant by it.
        if name.lower() in (item.device.device_id.lower(), item.address.lower()):
            return item
    called = [
        item for item in devices if name.lower() in ((item.device.board or "").lower(), item.device.host_name.lower())
    ]
    if len(called) > 1:
        ids = ", ".join(item.device.device_id for item in called)
        raise InvalidArgumentError(
            f"{len(called)} devices are called {name!r}: name one by its address, or its id: {ids}"
        )
    return called[0] if called else None
