"""Decodes requests, so that a malformed one is refused like any other invalid request.

gRPC's own decoding ends such a call with UNKNOWN and no reason, and logs a traceback, with which any caller could fill
the agent's log.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from edgeprof_agent.calls import kind_of, refuse
from edgeprof_agent.errors import InvalidRequestError

REQUEST_BYTES_LIMIT = 288 * 1024
"""Largest request of a unary call, in bytes. Decoded, many small strings take many times their size."""


class DecodingInterceptor(grpc.aio.ServerInterceptor):
    """Decodes requests instead of gRPC."""

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Return the handler of a call, changed to take bytes instead of messages."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler
        kind = kind_of(handler)
        decode = _decode_parts if handler.request_streaming else _decode
        behaviour = _decoding(getattr(handler, kind), decode, handler.request_deserializer)
        build = getattr(grpc, f"{kind}_rpc_method_handler")
        return build(behaviour, response_serializer=handler.response_serializer)


def _decoding(behaviour: Any, decode: Callable[..., Awaitable[Any]], deserialize: Callable[[bytes], Any]) -> Any:
    # gRPC treats an async generator and a coroutine differently, so the wrapper is of the same kind.
    if inspect.isasyncgenfunction(behaviour):

        async def generate(data: Any, context: Any) -> AsyncIterator[Any]:
            async for response in behaviour(await decode(data, deserialize, context), context):
                yield response

        return generate

    async def answer(data: Any, context: Any) -> Any:
        return await behaviour(await decode(data, deserialize, context), context)

    return answer


async def _decode(data: bytes, deserialize: Callable[[bytes], Any], context: Any) -> Any:
    try:
        if len(data) > REQUEST_BYTES_LIMIT:
            raise InvalidRequestError(f"a request must have {REQUEST_BYTES_LIMIT} bytes at most, got {len(data)}")
        return _parse(data, deserialize)
    except InvalidRequestError as error:
        text = str(error)
    await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, InvalidRequestError.reason, text)


async def _decode_parts(parts: Any, deserialize: Callable[[bytes], Any], context: Any) -> AsyncIterator[Any]:
    async def decoded() -> AsyncIterator[Any]:
        async for part in parts:
            # An error is raised in the servicer, which ends the call as for any other error.
            yield _parse(part, deserialize)

    return decoded()


def _parse(data: bytes, deserialize: Callable[[bytes], Any]) -> Any:
    try:
        return deserialize(data)
    except DecodeError as error:
        raise InvalidRequestError(f"the request cannot be decoded: {error}") from error
