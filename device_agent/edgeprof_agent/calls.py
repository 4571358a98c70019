"""What all between gRPC and the agent's parts share: the end of a refused call, and the kind of a handler."""

from typing import Any

import grpc

from edgeprof_proto import REASON_METADATA_KEY

_TEXT_BYTES_LIMIT = 2_000
"""A third of what gRPC is sure to carry: it writes up to three bytes for one."""


async def refuse(context: Any, code: grpc.StatusCode, reason: str, text: str) -> None:
    """End a call. To be called outside of handlers of exceptions: its own would be taken for one of the call's.

    Args:
        context: Context of the call.
        code: Its status.
        reason: Name of the `ErrorReason`.
        text: The sentence for people.
    """
    await context.abort(code, _shortened(text), trailing_metadata=((REASON_METADATA_KEY, reason),))


def kind_of(handler: Any) -> str:
    """Return gRPC's word for a handler's kind, `unary_stream` for example: the attribute that holds its behaviour."""
    return f"{_arity(handler.request_streaming)}_{_arity(handler.response_streaming)}"


def _arity(is_stream: bool) -> str:
    return "stream" if is_stream else "unary"


def _shortened(text: str) -> str:
    """Cut a sentence that repeats a huge value: beyond its limit on metadata gRPC drops the reason as well."""
    encoded = text.encode()
    if len(encoded) <= _TEXT_BYTES_LIMIT:
        return text
    return f"{encoded[:_TEXT_BYTES_LIMIT].decode(errors='ignore')}... ({len(encoded)} bytes in all)"
