"""Messages that cannot be decoded, refused like any other bad request.

Left to gRPC, they end a call with UNKNOWN, no reason and a trace in the agent's log, which anybody could fill with it.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from edgeprof_agent.calls import kind_of, refuse
from edgeprof_agent.errors import InvalidRequestError

REQUEST_BYTES_LIMIT = 288 * 1024
"""Largest request of a call that is no stream. Many small texts take many times their size once decoded."""


class DecodingInterceptor(grpc.aio.ServerInterceptor):
    """Decodes the requests in gRPC's place."""

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Return a call's handler, which takes bytes where it took messages."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler
        kind = kind_of(handler)
        decode = _decode_parts if handler.request_streaming else _decode
        behaviour = _decoding(getattr(handler, kind), decode, handler.request_deserializer)
        build = getattr(grpc, f"{kind}_rpc_method_handler")
        return build(behaviour, response_serializer=handler.response_serializer)


def _decoding(behaviour: Any, decode: Callable[..., Awaitable[Any]], deserialize: Callable[[bytes], Any]) -> Any:
    # gRPC tells the two ways to answer with a stream apart by the kind of function.
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
            # Raised where the servicer takes the part, which ends the call as for any other error.
            yield _parse(part, deserialize)

    return decoded()


def _parse(data: bytes, deserialize: Callable[[bytes], Any]) -> Any:
    try:
        return deserialize(data)
    except DecodeError as error:
        raise InvalidRequestError(f"the request cannot be decoded: {error}") from error
