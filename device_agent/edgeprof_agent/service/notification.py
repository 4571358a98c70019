"""Tells systemd how the agent is, as `sd_notify` does: one datagram to the socket that the environment names."""

import asyncio
import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a state to the service manager; where none asked for it, nothing happens.

    Args:
        state: `READY=1`, `STOPPING=1` or `WATCHDOG=1`.
        environment: Environment of this process.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name that begins with @ is abstract: no file, and its first byte is zero.
    address = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        try:
            manager.connect(address)
            manager.sendall(state.encode())
        except OSError:
            # A manager that does not listen is no reason to stop measuring.
            return


async def keep_watchdog_quiet(environment: Mapping[str, str] = os.environ) -> None:
    """Say twice within the watchdog's time that the agent is alive; return at once where there is no watchdog.

    Args:
        environment: Environment of this process.
    """
    interval_us = environment.get("WATCHDOG_USEC", "")
    if not interval_us.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        notify("WATCHDOG=1", environment)
        await asyncio.sleep(int(interval_us) / 2e6)
