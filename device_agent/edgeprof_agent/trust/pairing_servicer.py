"""The pairing service: while a one-time code is shown, it pairs one host that knows the code.

The code never enters the server process: `edgeprof-agent pair`, which shows it, computes the device's side of a SPAKE2
exchange in its own process, so the server loads no cryptography for it. This module limits attempts and time.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from edgeprof_agent.calls import refuse
from edgeprof_agent.errors import (
    AgentError,
    InternalError,
    InvalidRequestError,
    PairingClosedError,
    PairingRefusedError,
)
from edgeprof_agent.trust.authorization import caller_fingerprint
from edgeprof_agent.trust.hosts import PairedHosts, require_host_name
from edgeprof_proto.v1 import pairing_pb2 as messages
from edgeprof_proto.v1 import pairing_pb2_grpc

logger = logging.getLogger(__name__)

CODE_LIFETIME_S = 600.0
"""Time for which a code pairs a host."""

MAX_ATTEMPT_COUNT = 5
"""Exchanges that may be started with one code; the code expires when the last of them fails."""

EXCHANGE_TIMEOUT_S = 20.0
"""Longest wait for the host's next message, in seconds; enough for a slow board on a slow link."""

MAX_EXCHANGE_COUNT = 16
"""Concurrent exchanges at most. Hosts that are not paired may start one, so their number needs a limit."""

_STATUS_CODES: dict[type[AgentError], grpc.StatusCode] = {
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    PairingClosedError: grpc.StatusCode.FAILED_PRECONDITION,
    PairingRefusedError: grpc.StatusCode.PERMISSION_DENIED,
}

_NO_CODE = "the device shows no code at the moment: run `edgeprof-agent pair` on it"

Ask = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Sends a question to the process that knows the code and returns its answer."""


class PairingSession:
    """One one-time code, from the moment it is shown until it is used or has expired.

    Args:
        ask: Asks the process that shows the code.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float]) -> None:
        self.ask = ask
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._clock = clock
        self._ends = clock() + CODE_LIFETIME_S
        self._begun_count = 0
        self._failed_count = 0

    def is_open(self) -> bool:
        """Tell whether the code can still pair a host."""
        return not self.ended.done() and self._clock() < self._ends

    def begin_attempt(self) -> int:
        """Count an attempt that starts now.

        Returns:
            Number of the attempt, from 1.

        Raises:
            PairingClosedError: If the code has expired or all its attempts were used.
        """
        if not self.is_open() or self._begun_count == MAX_ATTEMPT_COUNT:
            raise PairingClosedError(_NO_CODE)
        # Counted at the start, so that a caller gains no attempts by disconnecting early or by running many at once.
        self._begun_count += 1
        return self._begun_count

    def fail_attempt(self) -> None:
        """Count an attempt that failed; after the last one the code expires."""
        self._failed_count += 1
        if self._failed_count == MAX_ATTEMPT_COUNT and not self.ended.done():
            self.ended.set_exception(PairingClosedError(f"{MAX_ATTEMPT_COUNT} attempts failed: the code has expired"))
            # Marks the exception as retrieved: the command that shows the code may have ended already.
            self.ended.exception()


class PairingServicer(pairing_pb2_grpc.PairingServiceServicer):
    """Pairs hosts while a pairing session is open.

    Args:
        hosts: The file of paired hosts.
        device_fingerprint: Fingerprint of the device's certificate; None where it serves without TLS.
        device_id: Id of the device.
        clock: Monotonic clock, in seconds.
    """

    def __init__(
        self,
        hosts: PairedHosts,
        *,
        device_fingerprint: str | None,
        device_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = hosts
        self._device_fingerprint = device_fingerprint
        self._device_id = device_id
        self._clock = clock
        self._session: PairingSession | None = None
        self._exchange_count = 0

    def open(self, ask: Ask) -> "asyncio.Future[str]":
        """Open a pairing session; a code that was shown before expires.

        Args:
            ask: Asks the process that shows the code. `{"begin": message, "host_fingerprint", "device_fingerprint"}`
                gives `{"message"}`, then `{"proof"}` gives `{"proof"}`: bytes as hexadecimal digits, each question with
                the `exchange` it belongs to. An answer without them means that the host does not know the code.

        Returns:
            A future with the outcome: the name of the host that was paired, or `PairingClosedError`.

        Raises:
            PairingClosedError: If the agent serves without TLS.
        """
        if self._device_fingerprint is None:
            raise PairingClosedError(
                "the agent that runs serves without encryption, so there is nothing to pair: run `edgeprof-agent init` "
                "if you have not, and start the agent again without --insecure"
            )
        self.close()
        self._session = session = PairingSession(ask, self._clock)
        return session.ended

    def close(self) -> None:
        """Close the pairing session; its code expires."""
        if self._session is not None and not self._session.ended.done():
            self._session.ended.cancel()
        self._session = None

    async def Pair(self, request_iterator: Any, context: Any) -> AsyncIterator[messages.PairResponse]:
        """Pair a host that knows the code."""
        code = grpc.StatusCode.INTERNAL
        if self._exchange_count >= MAX_EXCHANGE_COUNT:
            error: AgentError = PairingClosedError(
                f"{MAX_EXCHANGE_COUNT} pairing attempts are under way, the limit: try again in a minute"
            )
            await refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, error.reason, str(error))
        self._exchange_count += 1
        try:
            async for response in self._exchange(aiter(request_iterator), caller_fingerprint(context)):
                yield response
            return
        except AgentError as caught:
            code, error = _STATUS_CODES.get(type(caught), code), caught
        except Exception as caught:
            # Without message and traceback, which may hold secrets of the exchange.
            logger.error("internal error in a pairing: %s", type(caught).__name__)
            error = InternalError(f"an internal error of the agent, please report it: {type(caught).__name__}")
        finally:
            self._exchange_count -= 1
        await refuse(context, code, error.reason, str(error))

    async def _exchange(self, requests: Any, host_fingerprint: str | None) -> AsyncIterator[messages.PairResponse]:
        start = (await _next(requests, "start")).start
        require_host_name(start.host_name)
        session = self._session
        if session is None or host_fingerprint is None or self._device_fingerprint is None:
            raise PairingClosedError(_NO_CODE)
        number = session.begin_attempt()
        try:
            begun = {
                "exchange": number,
                "begin": start.spake2_message.hex(),
                "host_fingerprint": host_fingerprint,
                "device_fingerprint": self._device_fingerprint,
            }
            yield messages.PairResponse(answer=await _asked(session, begun, "message"))
            confirmation = (await _next(requests, "confirmation")).confirmation
            proof = await _asked(session, {"exchange": number, "proof": confirmation.hex()}, "proof")
        except BaseException:
            # Raised again. A host that goes away in the middle counts too: it may have seen that its guess was wrong.
            session.fail_attempt()
            raise
        # No await from here to the end, so that one code cannot pair two hosts.
        if not session.is_open():
            raise PairingClosedError("the code was used or closed in the meantime: run `edgeprof-agent pair` again")
        name = self._hosts.add(start.host_name, host_fingerprint)
        session.ended.set_result(name)
        logger.info("paired with host %s", name)
        paired = messages.Paired(confirmation=proof, host_name=name, device_id=self._device_id)
        yield messages.PairResponse(paired=paired)


async def _asked(session: PairingSession, question: dict[str, Any], part: str) -> bytes:
    answer = await session.ask(question)
    if part not in answer:
        logger.warning("a host tried to pair with a wrong code")
        raise PairingRefusedError("the code is wrong, or the connection is intercepted: check the code and try again")
    return bytes.fromhex(answer[part])


async def _next(requests: Any, part: str) -> messages.PairRequest:
    try:
        request: messages.PairRequest = await asyncio.wait_for(anext(requests), EXCHANGE_TIMEOUT_S)
    except (StopAsyncIteration, asyncio.TimeoutError):
        raise InvalidRequestError(f"the pairing ended or timed out before its message {part!r}") from None
    if request.WhichOneof("part") != part:
        raise InvalidRequestError(f"the next message of a pairing must be {part!r}")
    return request
