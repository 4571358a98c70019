"""Checks a model's file before a runtime reads it, inside the confined worker."""

import mmap
from pathlib import Path

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.onnx_file import check_onnx

ONNX = "onnx"

_ARCHIVES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
}
"""First bytes of archives and compressed files."""

_TAR_MARK, _TAR_OFFSET = b"ustar", 257


def check_model_file(path: Path, model_format: str, *, memory_bytes: int, batch_size: int) -> None:
    """Refuse a file that a runtime must not read.

    Args:
        path: The model's file.
        model_format: Format that the runtime reads; only `ONNX` is checked, files of other formats pass.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of a first dimension that the model leaves open.

    Raises:
        ModelRefusedError: If the file is an archive, or not a valid file of its format.
    """
    if model_format != ONNX:
        return
    with open(path, "rb") as file:
        # Not closed explicitly: the traceback of an error may still refer to slices of it.
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    _refuse_archive(content[: _TAR_OFFSET + len(_TAR_MARK)])
    check_onnx(memoryview(content), memory_bytes=memory_bytes, batch_size=batch_size)


def _refuse_archive(head: bytes) -> None:
    kinds = [kind for mark, kind in _ARCHIVES.items() if head.startswith(mark)]
    if head[_TAR_OFFSET:] == _TAR_MARK:
        kinds.append("tar")
    if kinds:
        raise ModelRefusedError(f"the file is a {kinds[0]} archive; upload the model itself, unpacked")
