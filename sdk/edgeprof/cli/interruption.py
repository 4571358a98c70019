"""Ends a command on a signal: without a traceback, and after every `finally`."""

import faulthandler
import logging
import os
import signal
import sys
import threading
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

END_S = 20.0
"""Time for an orderly end, in seconds: an agent that was started here gets 10 s to stop."""

_END_THREAD = "end of the process"

AGAIN_S = 0.01
"""Delay in seconds before the exit is raised again: where a destructor swallowed it, or it would leave something."""


def end_in_order_on_signals() -> None:
    """Let signals end the process by an exception, which runs every `finally`: an agent that we started stops with us.

    Ctrl-C raises KeyboardInterrupt as ever; the others raise SystemExit with the status that a shell expects.
    """
    for number in SIGNALS:
        signal.signal(number, _exit)


def _end_anyway(status: int) -> None:
    """End the process after `END_S`, whatever waits: a channel that a signal strikes while it closes may stay shut."""
    if not any(thread.name == _END_THREAD for thread in threading.enumerate()):
        timer = threading.Timer(END_S, os._exit, (status,))
        timer.name, timer.daemon = _END_THREAD, True
        timer.start()
        # Where even Python's threads no longer run; it ends with the status 1, and its report goes nowhere.
        faulthandler.dump_traceback_later(END_S + 5.0, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115


def _may_leave_something(frame: FrameType | None) -> bool:
    """Return whether an exception here could leave a lock of gRPC taken for ever, or a process that nobody ends.

    A lock is left between taking it and entering the block that gives it back. No later call on the channel would then
    end, not even the one that cancels the job. A process is left between its start and the return of its object.
    """
    if frame is None:
        return False
    module, function = str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
    if module == "threading":
        # Where a thread waits it holds no lock, and takes it again before an exception leaves.
        return function != "wait"
    if module == "subprocess":
        return function in {"__init__", "_execute_child"}
    return module.partition(".")[0] == "grpc"


def _exit(number: int, frame: FrameType | None) -> None:
    def exit_again(_: int, frame: FrameType | None) -> None:
        _exit(number, frame)

    def on_lost(lost: "sys.UnraisableHookArgs") -> None:
        # An exception from a destructor is discarded, and the command would go on.
        if isinstance(lost.exc_value, (KeyboardInterrupt, SystemExit)):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    _end_anyway(128 + number)
    # A library that is interrupted during its own clean-up logs that as an error.
    logging.disable()
    signal.signal(signal.SIGALRM, exit_again)
    sys.unraisablehook = on_lost
    if _may_leave_something(frame):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        return
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
