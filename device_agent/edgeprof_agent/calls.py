"""gRPC calls: refusing a call with a reason, and the kind of a call's handler."""

from typing import Any

import grpc

from edgeprof_proto import REASON_METADATA_KEY

_TEXT_BYTES_LIMIT = 2_000
"""Longest message in bytes: gRPC carries at least three times this, and escapes one byte as up to three."""


async def refuse(context: Any, code: grpc.StatusCode, reason: str, text: str) -> None:
    """End a call with an error. Not to be called inside an `except` block: it raises an exception of its own.

    Args:
        context: Context of the call.
        code: Its status.
        reason: Name of the `ErrorReason`.
        text: The message for people.
    """
    await context.abort(code, _shortened(text), trailing_metadata=((REASON_METADATA_KEY, reason),))


def kind_of(handler: Any) -> str:
    """Return the kind of a handler, for example `unary_stream`: the name of the attribute with its function."""
    return f"{_arity(handler.request_streaming)}_{_arity(handler.response_streaming)}"


def _arity(is_stream: bool) -> str:
    return "stream" if is_stream else "unary"


def _shortened(text: str) -> str:
    """Shorten a message: above gRPC's limit on metadata the reason would be dropped too."""
    encoded = text.encode()
    if len(encoded) <= _TEXT_BYTES_LIMIT:
        return text
    return f"{encoded[:_TEXT_BYTES_LIMIT].decode(errors='ignore')}... ({len(encoded)} bytes in all)"
