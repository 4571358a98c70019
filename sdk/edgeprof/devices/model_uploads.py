"""Uploads of models: resumed where they broke off, and left out where the device has the model."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from edgeprof.devices.connection import CALL_TIMEOUT_S, AgentConnection
from edgeprof.devices.uploads import read_model, upload_parts
from edgeprof.devices.waiting import Progress, while_progressing
from edgeprof.errors import AgentUnavailableError, translate_rpc_errors
from edgeprof_proto.v1 import device_agent_pb2

_PARTS_UNDER_WAY = 3
"""Parts of an upload that may be sent before the device has taken any: what flow control allows, in chunks."""


class ModelUploads(AgentConnection):
    """A connection that uploads models."""

    def upload_model(self, path: Path, *, runtime: str = "") -> str:
        """Upload a model, from the byte where an interrupted upload ended, unless the device has it.

        Args:
            path: The model.
            runtime: Runtime that is to load it; the file is checked against the formats that it reads.

        Returns:
            Its SHA-256.

        Raises:
            ModelFileError: If the file cannot be read, or is not a model.
            ModelTransferError: If the device finds it damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        formats = self.model_formats(runtime) if runtime else ()
        words = f"{runtime} on {self.address}" if runtime else "the runtime"
        return self.upload_content(read_model(path, formats, words))

    def upload_content(self, content: bytes) -> str:
        """Upload the content of a file as it is, as `upload_model` does.

        Args:
            content: All bytes of the file.

        Returns:
            Its SHA-256.

        Raises:
            ModelTransferError: If the device finds it damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
            state = self._stub.GetModel(request, timeout=CALL_TIMEOUT_S)
            if not state.is_complete:
                self._send(content, sha256, state.received_bytes)
        return sha256

    def _send(self, content: bytes, sha256: str, offset: int) -> None:
        sending = Progress()

        def parts() -> Iterator[device_agent_pb2.UploadModelRequest]:
            for count, part in enumerate(upload_parts(content, sha256, offset)):
                sending.note()
                if count > _PARTS_UNDER_WAY:
                    self.progress.note()
                yield part

        try:
            while_progressing(self._stub.UploadModel.future(parts()), sending)
        except TimeoutError as error:
            raise AgentUnavailableError(f"the upload to {self.address} stands still: {error}") from error
