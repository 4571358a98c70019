"""Waits for answers that may take long: as long as there is progress, or with a word to the user."""

import logging
import time
from collections.abc import Callable
from typing import Any

import grpc

logger = logging.getLogger(__name__)

LONG_ANSWER_S = 180.0
"""Deadline of an answer for which the device starts a process, in seconds: more than it gives that process. Keepalive
notices within half a minute that the connection broke."""

NOTICE_AFTER_S = 15.0
"""Wait after which the user is told what is waited for, in seconds."""

STALL_S = 60.0
"""Time without progress after which an upload is given up, in seconds: at 2 kB/s a chunk takes half of it."""

_LOOK_S = 0.5


def long_answer(call: Any, request: Any, *, what: str) -> Any:
    """Make a call whose answer may take minutes, and say so once it takes long.

    Args:
        call: The stub's method.
        request: Its request.
        what: What is waited for, to complete "still waiting: ...".

    Returns:
        The response.

    Raises:
        grpc.RpcError: If the call fails.
    """
    answer = call.future(request, timeout=LONG_ANSWER_S)
    try:
        return answer.result(timeout=NOTICE_AFTER_S)
    except grpc.FutureTimeoutError:
        logger.warning("still waiting: %s; a slow board takes a minute", what)
        return answer.result()
    finally:
        answer.cancel()


class Progress:
    """When something last went forward. Patience counts from there, not from the start."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_s = clock()

    def note(self) -> None:
        """Note that something went forward now."""
        self._last_s = self._clock()

    def idle_s(self) -> float:
        """Return the time since then, in seconds."""
        return self._clock() - self._last_s


def while_progressing(answer: Any, progress: Progress) -> Any:
    """Wait for the answer of a call as long as there is progress.

    Args:
        answer: The future of the call.
        progress: Noted by whoever feeds the call.

    Returns:
        The response.

    Raises:
        grpc.RpcError: If the call fails.
        TimeoutError: If there was no progress for `STALL_S`.
    """
    try:
        while True:
            try:
                return answer.result(timeout=_LOOK_S)
            except grpc.FutureTimeoutError:
                if progress.idle_s() > STALL_S:
                    raise TimeoutError(f"nothing was taken for {STALL_S:g} s") from None
    finally:
        answer.cancel()
