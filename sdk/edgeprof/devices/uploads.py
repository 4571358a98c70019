"""Models as the requests of an upload."""

from collections.abc import Iterator
from pathlib import Path

from edgeprof.errors import ModelFileError
from edgeprof_proto import UPLOAD_CHUNK_BYTES
from edgeprof_proto.v1 import device_agent_pb2


def read_model(path: Path) -> bytes:
    """Read the file of a model.

    Raises:
        ModelFileError: If the file cannot be read or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read the model {path}: {error.strerror}") from error
    if not content:
        raise ModelFileError(f"the model {path} is empty")
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
