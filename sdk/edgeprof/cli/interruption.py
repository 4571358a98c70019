"""The end of a command by a signal: quiet, and in order wherever it strikes."""

import logging
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

AGAIN_S = 0.01
"""When to try again after an exit was lost: as soon as the destructor that lost it is over."""


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
        # An exception from a destructor goes nowhere, and the command would go on.
        if isinstance(lost.exc_value, (KeyboardInterrupt, SystemExit)):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    # A library that is interrupted while it puts its things away logs that as an error of its own.
    logging.disable()
    signal.signal(signal.SIGALRM, exit_again)
    sys.unraisablehook = on_lost
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
