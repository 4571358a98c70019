"""Uploads of models: resumed where they broke off, and left out where the device has the model."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from edgeprof.devices.connection import CALL_TIMEOUT_S, AgentConnection
from edgeprof.devices.model_files import ModelFiles, file_blocks, file_sha256, find_model_files
from edgeprof.devices.remote_errors import translate_rpc_errors
from edgeprof.devices.uploads import upload_parts
from edgeprof.devices.waiting import Progress, while_progressing
from edgeprof.errors import AgentUnavailableError, ModelFileError
from edgeprof_proto.v1 import device_agent_pb2

MANIFEST_REVISION = 4
"""Contract revision from which on an agent takes models of several files."""

_PARTS_UNDER_WAY = 3
"""Parts of an upload that may be sent before the device has taken any: what flow control allows, in chunks."""


class ModelUploads(AgentConnection):
    """A connection that uploads models."""

    def upload_model(self, model: Path | ModelFiles, *, runtime: str = "") -> str:
        """Upload a model, from the byte where an interrupted upload ended, unless the device has it.

        Args:
            model: The main file of the model, beside which its other files lie; or what `find_model_files` found.
            runtime: Runtime that is to load it; the file is checked against the formats that it reads.

        Returns:
            The SHA-256 that names it.

        Raises:
            ModelFileError: If a file cannot be read, or it is not a model.
            AgentTooOldError: If it has several files, and the agent takes models of one only.
            ModelTransferError: If the device finds a file damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        formats = self.model_formats(runtime) if runtime else ()
        words = f"{runtime} on {self.address}" if runtime else "the runtime"
        files = model if isinstance(model, ModelFiles) else find_model_files(model, formats, words)
        manifest = files.manifest()
        if manifest is None:
            return self.upload_file(files.main)
        what = f"take models of several files, and {files.main} has {len(files.paths)}"
        self.require_revision(MANIFEST_REVISION, what)
        for path, file in zip(files.paths, manifest.files, strict=True):
            self._upload_path(path, file.sha256)
        return self.upload_content(manifest.to_bytes())

    def upload_file(self, path: Path) -> str:
        """Upload a file as it is, as `upload_model` does.

        Args:
            path: The file.

        Returns:
            Its SHA-256.

        Raises:
            ModelFileError: If it cannot be read.
            ModelTransferError: If the device finds it damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        sha256 = file_sha256(path)
        self._upload_path(path, sha256)
        return sha256

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
        self._upload(lambda: (content,), len(content), sha256)
        return sha256

    def _upload_path(self, path: Path, sha256: str) -> None:
        try:
            self._upload(lambda: file_blocks(path), path.stat().st_size, sha256)
        except OSError as error:
            raise ModelFileError(f"cannot read the model's file {path}: {error.strerror}") from error

    def _upload(self, blocks: Callable[[], Iterable[bytes]], size_bytes: int, sha256: str) -> None:
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
            state = self._stub.GetModel(request, timeout=CALL_TIMEOUT_S)
            if not state.is_complete:
                self._send(upload_parts(blocks(), size_bytes, sha256, state.received_bytes))

    def _send(self, requests: Iterable[device_agent_pb2.UploadModelRequest]) -> None:
        sending = Progress()

        def parts() -> Iterator[device_agent_pb2.UploadModelRequest]:
            for count, part in enumerate(requests):
                sending.note()
                if count > _PARTS_UNDER_WAY:
                    self.progress.note()
                yield part

        try:
            while_progressing(self._stub.UploadModel.future(parts()), sending)
        except TimeoutError as error:
            raise AgentUnavailableError(f"the upload to {self.address} stands still: {error}") from error
