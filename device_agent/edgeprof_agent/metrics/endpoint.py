"""The endpoint that Prometheus asks: `GET /metrics` over plain HTTP, and nothing else.

Python's `http.server` would need threads and 0.8 MB; the event loop that serves gRPC answers here.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus

from edgeprof_agent.config import parse_address
from edgeprof_agent.errors import AgentError, ListenError
from edgeprof_agent.metrics.text_format import CONTENT_TYPE, Metric, text_of
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto.shared.address import is_loopback, join_address

logger = logging.getLogger(__name__)

CONNECTION_COUNT = 8
"""Connections at once; further ones are refused. One Prometheus needs one."""

REQUEST_BYTES = 8 * 1024
"""Size of a request at most."""

CLIENT_TIMEOUT_S = 5.0
"""Longest wait for a request, and for its answer to be taken, in seconds."""

BLOCK_WAIT_S = 5.0
"""Longest wait for the end of a timed block, in seconds: half of the time after which Prometheus gives up."""


@contextlib.asynccontextmanager
async def serving_metrics(
    address: str, read: Callable[[], Sequence[Metric]], quiet_window: QuietWindow
) -> AsyncIterator[None]:
    """Answer requests for metrics inside the block.

    Args:
        address: Where to listen, `host:port`; port 0 takes a free one, which the log names.
        read: Reads the metrics.
        quiet_window: Keeps reading away from timed blocks.

    Raises:
        ListenError: If the address cannot be listened on.
    """
    host, port = parse_address(address)
    open_count = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_count
        open_count += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
                if open_count > CONNECTION_COUNT:
                    writer.write(_response(HTTPStatus.SERVICE_UNAVAILABLE))
                else:
                    writer.write(await _answer(reader, read, quiet_window))
                await asyncio.wait_for(writer.drain(), CLIENT_TIMEOUT_S)
        finally:
            open_count -= 1
            writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=REQUEST_BYTES)
    except OSError as error:
        # asyncio's text names the address once more; an error of the name has a negative number.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise ListenError(f"cannot serve metrics on {address}: {reason}; choose another with --metrics") from error
    try:
        logger.info("metrics on http://%s/metrics", join_address(*server.sockets[0].getsockname()[:2]))
        if not is_loopback(host):
            logger.warning("metrics go over plain HTTP, and whoever reaches %s can read them", address)
        yield
    finally:
        server.close()


async def _answer(
    reader: asyncio.StreamReader, read: Callable[[], Sequence[Metric]], quiet_window: QuietWindow
) -> bytes:
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), CLIENT_TIMEOUT_S)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return _response(HTTPStatus.BAD_REQUEST)
    method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    if rest.split(b" ")[0].partition(b"?")[0] != b"/metrics":
        return _response(HTTPStatus.NOT_FOUND)
    if method != b"GET":
        return _response(HTTPStatus.METHOD_NOT_ALLOWED)
    try:
        async with quiet_window.disturbing(wait_s=BLOCK_WAIT_S):
            return _response(HTTPStatus.OK, text_of(read()))
    except AgentError:
        logger.exception("the metrics could not be read")
        return _response(HTTPStatus.INTERNAL_SERVER_ERROR)


def _response(status: HTTPStatus, text: str | None = None) -> bytes:
    body = (f"{status.phrase}\n" if text is None else text).encode()
    content_type = "text/plain" if text is None else CONTENT_TYPE
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
