"""The pairing desk: open while a code is shown, it pairs one host that knows the code.

The code itself never enters the agent: the command that shows it computes the agent's end of an exchange, in its own
process, and takes the cryptography that this needs with it when it ends. The desk keeps the rules.
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

TRY_COUNT = 5
"""Exchanges that may be begun with one code; the last that fails ends it."""

EXCHANGE_TIMEOUT_S = 20.0
"""Time of one exchange, on a slow board and a slow line."""

EXCHANGE_COUNT = 16
"""Exchanges at once at most: anybody may begin one."""

_STATUS_CODES: dict[type[AgentError], grpc.StatusCode] = {
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    PairingClosedError: grpc.StatusCode.FAILED_PRECONDITION,
    PairingRefusedError: grpc.StatusCode.PERMISSION_DENIED,
}

_NO_CODE = "the device shows no code at the moment: run `edgeprof-agent pair` on it"

Ask = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Puts a question to the process that knows the code, and brings its answer."""


class _Opening:
    """One code, from when it is shown until it is used up.

    Args:
        ask: Asks the process that shows the code.
        clock: Seconds on a clock that nobody sets.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float]) -> None:
        self.ask = ask
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._clock = clock
        self._ends = clock() + CODE_LIFETIME_S
        self._begun_count = 0
        self._failed_count = 0

    def is_open(self) -> bool:
        return not self.ended.done() and self._clock() < self._ends

    def begin_try(self) -> int:
        if not self.is_open() or self._begun_count == TRY_COUNT:
            raise PairingClosedError(_NO_CODE)
        # Counted when it begins: a caller who leaves before the end, or tries many at once, gains nothing by it.
        self._begun_count += 1
        return self._begun_count

    def fail_try(self) -> None:
        self._failed_count += 1
        if self._failed_count == TRY_COUNT and not self.ended.done():
            self.ended.set_exception(PairingClosedError(f"{TRY_COUNT} wrong tries: the code is worth nothing any more"))
            # The command that shows the code hears of it; it may have left.
            self.ended.exception()


class PairingDesk(pairing_pb2_grpc.PairingServiceServicer):
    """Pairs hosts while it is open.

    Args:
        hosts: Where paired hosts are written down.
        device_fingerprint: Fingerprint of the device's certificate; None where it serves without TLS.
        device_id: Id of the device.
        clock: Seconds on a clock that nobody sets.
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
        self._opening: _Opening | None = None
        self._exchange_count = 0

    def open(self, ask: Ask) -> "asyncio.Future[str]":
        """Open the desk; a code that was shown before is worth nothing any more.

        Args:
            ask: Asks the process that shows the code. `{"begin": message, "host_fingerprint", "device_fingerprint"}`
                gives `{"message"}`, then `{"proof"}` gives `{"proof"}`: bytes as hexadecimal digits, each question with
                the `exchange` it belongs to. An answer without them means that the other end does not know the code.

        Returns:
            What becomes of the code: the name of the host that it has paired, or `PairingClosedError`.

        Raises:
            PairingClosedError: If the agent serves without TLS.
        """
        if self._device_fingerprint is None:
            raise PairingClosedError(
                "the agent that runs serves without encryption, so there is nothing to pair: run `edgeprof-agent init` "
                "if you have not, and start the agent again without --insecure"
            )
        self.close()
        self._opening = opening = _Opening(ask, self._clock)
        return opening.ended

    def close(self) -> None:
        """Close the desk; the code is worth nothing any more."""
        if self._opening is not None and not self._opening.ended.done():
            self._opening.ended.cancel()
        self._opening = None

    async def Pair(self, request_iterator: Any, context: Any) -> AsyncIterator[messages.PairResponse]:
        """Pair a host that knows the code."""
        code = grpc.StatusCode.INTERNAL
        if self._exchange_count >= EXCHANGE_COUNT:
            error: AgentError = PairingClosedError(f"{EXCHANGE_COUNT} hosts try to pair at once: try again in a minute")
            await refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, error.reason, str(error))
        self._exchange_count += 1
        try:
            async for response in self._exchange(aiter(request_iterator), caller_fingerprint(context)):
                yield response
            return
        except AgentError as caught:
            code, error = _STATUS_CODES.get(type(caught), code), caught
        except Exception as caught:
            # Without its text and trace: they may hold what the exchange computed with.
            logger.error("a pairing met a bug: %s", type(caught).__name__)
            error = InternalError(f"a fault of the agent, please report it: {type(caught).__name__}")
        finally:
            self._exchange_count -= 1
        await refuse(context, code, error.reason, str(error))

    async def _exchange(self, requests: Any, host_fingerprint: str | None) -> AsyncIterator[messages.PairResponse]:
        start = (await _next(requests, "start")).start
        require_host_name(start.host_name)
        opening = self._opening
        if opening is None or host_fingerprint is None or self._device_fingerprint is None:
            raise PairingClosedError(_NO_CODE)
        number = opening.begin_try()
        try:
            begun = {
                "exchange": number,
                "begin": start.spake2_message.hex(),
                "host_fingerprint": host_fingerprint,
                "device_fingerprint": self._device_fingerprint,
            }
            yield messages.PairResponse(answer=await _asked(opening, begun, "message"))
            confirmation = (await _next(requests, "confirmation")).confirmation
            proof = await _asked(opening, {"exchange": number, "proof": confirmation.hex()}, "proof")
        except BaseException:
            opening.fail_try()
            raise
        # From here to the end nothing is awaited, so that one code pairs one host.
        if not opening.is_open():
            raise PairingClosedError("the code was used or closed in the meantime: run `edgeprof-agent pair` again")
        name = self._hosts.add(start.host_name, host_fingerprint)
        opening.ended.set_result(name)
        logger.info("paired with host %s", name)
        paired = messages.Paired(confirmation=proof, host_name=name, device_id=self._device_id)
        yield messages.PairResponse(paired=paired)


async def _asked(opening: _Opening, question: dict[str, Any], part: str) -> bytes:
    answer = await opening.ask(question)
    if part not in answer:
        logger.warning("a host tried to pair with a wrong code")
        raise PairingRefusedError(
            "the code is wrong, or somebody stands between host and device: look at the code and try again"
        )
    return bytes.fromhex(answer[part])


async def _next(requests: Any, part: str) -> messages.PairRequest:
    try:
        request: messages.PairRequest = await asyncio.wait_for(anext(requests), EXCHANGE_TIMEOUT_S)
    except (StopAsyncIteration, asyncio.TimeoutError):
        raise InvalidRequestError(f"a pairing went no further than {part}") from None
    if request.WhichOneof("part") != part:
        raise InvalidRequestError(f"a pairing goes on with {part}")
    return request
