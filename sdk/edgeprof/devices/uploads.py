"""Models as the requests of an upload."""

import os
from collections.abc import Iterator, Sequence

from edgeprof.errors import ModelFileError
from edgeprof_proto import UPLOAD_CHUNK_BYTES
from edgeprof_proto.shared.model_formats import ONNX, ModelFormatError, format_of
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES, check_content
from edgeprof_proto.shared.plain_file import read_plain_file
from edgeprof_proto.v1 import device_agent_pb2


def read_model(path: str | os.PathLike[str], model_formats: Sequence[str] = (), runtime: str = "the runtime") -> bytes:
    """Read the file of a model, and check that it is one.

    Args:
        path: The file.
        model_formats: Formats that the runtime on the device reads. Where they are not known, only those files are
            refused that no runtime is given: archives, programs, pointers, web pages, empty files.
        runtime: The runtime, in words.

    Raises:
        ModelFileError: If it cannot be read, or is no model of these formats.
    """
    try:
        content = read_plain_file(path, max_bytes=MAX_MODEL_BYTES)
    except OSError as error:
        raise ModelFileError(f"cannot read the model {os.fspath(path)}: {error.strerror}") from error
    try:
        if format_of(content, model_formats, runtime) == ONNX:
            check_content(memoryview(content))
    except (ModelContentError, ModelFormatError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error
    return content


def upload_parts(content: bytes, sha256: str, offset: int) -> Iterator[device_agent_pb2.UploadModelRequest]:
    """Make the requests of an upload: the header, then the bytes in chunks.

    Args:
        content: The whole model.
        sha256: Its SHA-256.
        offset: Bytes that the device has already.
    """
    header = device_agent_pb2.UploadModelHeader(model_sha256=sha256, size_bytes=len(content), offset_bytes=offset)
    yield device_agent_pb2.UploadModelRequest(header=header)
    for start in range(offset, len(content), UPLOAD_CHUNK_BYTES):
        yield device_agent_pb2.UploadModelRequest(chunk=content[start : start + UPLOAD_CHUNK_BYTES])
