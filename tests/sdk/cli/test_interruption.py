"""A signal that strikes where Python or a library would make a noise about it, or lose it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

WHILE_THE_STORE_PUTS_ITS_CONNECTION_AWAY = """
from sqlalchemy import event
from sqlalchemy.pool import Pool

event.listen(Pool, "reset", lambda *_: os.kill(os.getpid(), number))
"""

IN_A_DESTRUCTOR = """
import threading
from edgeprof.store import Store

class Dying:
    def __del__(self):
        os.kill(os.getpid(), number)

def devices(store):
    Dying()
    threading.Event().wait()

Store.devices = devices
"""

WHILE_GRPC_TAKES_A_LOCK = """
import threading, types
from edgeprof.store import Store

lock = threading.Lock()

def take():
    lock.acquire()
    os.kill(os.getpid(), number)

class Guard:
    __enter__ = staticmethod(types.FunctionType(take.__code__, {**globals(), "__name__": "grpc._channel"}))
    __exit__ = staticmethod(lambda *_: lock.release())

def devices(store):
    try:
        with Guard():
            pass
        threading.Event().wait()
    finally:
        print("left taken" if lock.locked() else "", end="")

Store.devices = devices
"""

PROGRAM = """
import os, sys
number = int(sys.argv.pop())
{strike}
from edgeprof.cli.main import run

run()
"""

STRIKES = [WHILE_THE_STORE_PUTS_ITS_CONNECTION_AWAY, IN_A_DESTRUCTOR, WHILE_GRPC_TAKES_A_LOCK]


@pytest.mark.parametrize("number", STATUS)
@pytest.mark.parametrize("strike", STRIKES, ids=["store", "del", "lock"])
def test_a_signal_ends_a_command_quietly_wherever_it_strikes(
    strike: str, number: signal.Signals, own_edgeprof_folders: Path
) -> None:
    program = PROGRAM.format(strike=strike)
    done = subprocess.run(
        [sys.executable, "-c", program, "devices", str(int(number))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == STATUS[number], done.stderr
    said = done.stderr.strip()
    assert said.startswith("interrupted") if number is signal.SIGINT else said == ""
    assert done.stdout == ""
