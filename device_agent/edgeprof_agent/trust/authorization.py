"""Authorization of every call before its handler runs: refused unless the caller is a paired host."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from edgeprof_agent.calls import kind_of, refuse
from edgeprof_agent.errors import NotPairedError
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_proto.shared.trust import fingerprint_of

OPEN_METHODS = frozenset({"/grpc.health.v1.Health/Check", "/edgeprof_proto.v1.PairingService/Pair"})
"""Methods that a host may call without pairing. All others, including any added later, require a paired host."""


class AuthorizationInterceptor(grpc.aio.ServerInterceptor):
    """Admits calls of paired hosts only, and ends the running calls of a host when it is revoked.

    Args:
        hosts: The hosts that may call.
    """

    def __init__(self, hosts: PairedHosts) -> None:
        self._hosts = hosts
        self._calls: dict[str, set[asyncio.Task[Any]]] = {}
        hosts.on_revoked = self._cut_off

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Wrap the handler of a call with the authorization check."""
        handler = await continuation(handler_call_details)
        # gRPC itself answers UNIMPLEMENTED to a method without a handler.
        if handler is None or handler_call_details.method in OPEN_METHODS:
            return handler
        return self._guarded(handler)

    def _guarded(self, handler: Any) -> Any:
        kind = kind_of(handler)
        inner = getattr(handler, kind)

        async def guarded(request: Any, context: Any) -> Any:
            async with self._admitted(context):
                if not inspect.isasyncgenfunction(inner):
                    return await inner(request, context)
                async with contextlib.aclosing(inner(request, context)) as responses:
                    async for response in responses:
                        await context.write(response)

        make_handler = getattr(grpc, f"{kind}_rpc_method_handler")
        return make_handler(guarded, handler.request_deserializer, handler.response_serializer)

    @contextlib.asynccontextmanager
    async def _admitted(self, context: Any) -> AsyncIterator[None]:
        fingerprint = caller_fingerprint(context)
        if fingerprint not in self._hosts:
            await _refuse(context, "this host is not paired with the device")
        task = asyncio.current_task()
        assert fingerprint is not None and task is not None
        calls = self._calls.setdefault(fingerprint, set())
        calls.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if fingerprint in self._hosts:
                raise
            await _refuse(context, "the device has revoked its pairing with this host")
        finally:
            calls.discard(task)
            if not calls and self._calls.get(fingerprint) is calls:
                del self._calls[fingerprint]

    def _cut_off(self, fingerprint: str) -> None:
        for task in self._calls.get(fingerprint, ()):
            task.cancel()


def caller_fingerprint(context: Any) -> str | None:
    """Return the fingerprint of the caller's certificate, whose key TLS has verified.

    Args:
        context: Context of the call.

    Returns:
        The fingerprint, or None for a caller without TLS.
    """
    certificates = context.auth_context().get("x509_pem_cert")
    if not certificates:
        return None
    try:
        return fingerprint_of(certificates[0])
    except ValueError:
        return None


async def _refuse(context: Any, why: str) -> None:
    error = NotPairedError(f"{why}: run `edgeprof-agent pair` on the device, then `edgeprof pair` on the host")
    await refuse(context, grpc.StatusCode.UNAUTHENTICATED, error.reason, str(error))
