"""Models as the requests of an upload."""

from collections.abc import Iterable, Iterator

from edgeprof_proto import UPLOAD_CHUNK_BYTES
from edgeprof_proto.v1 import device_agent_pb2


def upload_parts(
    blocks: Iterable[bytes], size_bytes: int, sha256: str, offset: int
) -> Iterator[device_agent_pb2.UploadModelRequest]:
    """Make the requests of an upload: the header, then the bytes in chunks.

    Args:
        blocks: The whole file.
        size_bytes: Its size.
        sha256: Its SHA-256.
        offset: Bytes that the device has already.
    """
    header = device_agent_pb2.UploadModelHeader(model_sha256=sha256, size_bytes=size_bytes, offset_bytes=offset)
    yield device_agent_pb2.UploadModelRequest(header=header)
    left = offset
    for block in blocks:
        skipped = min(left, len(block))
        left -= skipped
        for start in range(skipped, len(block), UPLOAD_CHUNK_BYTES):
            yield device_agent_pb2.UploadModelRequest(chunk=block[start : start + UPLOAD_CHUNK_BYTES])
