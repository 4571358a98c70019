"""Ends a command on a signal: without a traceback, and after every `finally`."""

import logging
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

AGAIN_S = 0.01
"""Delay in seconds before the exit is raised again where a destructor swallowed it."""


def end_in_order_on_signals() -> None:
    """Let signals end the process by an exception, which runs every `finally`: an agent that we started stops with us.

    Ctrl-C raises KeyboardInterrupt as ever; the others raise SystemExit with the status that a shell expects.
    """
    for number in SIGNALS:
        signal.signal(number, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    def exit_again(*_: object) -> None:
        _exit(number, None)

    def on_lost(lost: "sys.UnraisableHookArgs") -> None:
        # An exception from a destructor is discarded, and the command would go on.
        if isinstance(lost.exc_value, (KeyboardInterrupt, SystemExit)):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    # A library that is interrupted during its own clean-up logs that as an error.
    logging.disable()
    signal.signal(signal.SIGALRM, exit_again)
    sys.unraisablehook = on_lost
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
