"""The name of this host, sent with every call, by which an agent shares its time fairly between hosts."""

import re
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

from edgeprof_proto import HOST_NAME_METADATA_KEY


def default_host_name() -> str:
    """The machine's name, as far as the contract allows its characters."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "host"


class _CallDetails(NamedTuple):
    method: str
    timeout: float | None
    metadata: tuple[tuple[str, str], ...]
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: Any


class HostNameInterceptor(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor
):
    """Adds the host's name to every call.

    Args:
        host_name: 1 to 64 letters, digits, dots, underscores and hyphens.
    """

    def __init__(self, host_name: str) -> None:
        self._entry = (HOST_NAME_METADATA_KEY, host_name)

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Go on with a call of the kind that answers once."""
        return continuation(self._named(details), request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Go on with a call that answers by a stream."""
        return continuation(self._named(details), request)

    def intercept_stream_unary(self, continuation: Callable[..., Any], details: Any, requests: Any) -> Any:
        """Go on with a call that asks by a stream."""
        return continuation(self._named(details), requests)

    def _named(self, details: Any) -> _CallDetails:
        return _CallDetails(
            details.method,
            details.timeout,
            (*(details.metadata or ()), self._entry),
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
