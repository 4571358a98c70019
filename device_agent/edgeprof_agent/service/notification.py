"""Notifications to systemd, as `sd_notify` sends them: a datagram to the socket in NOTIFY_SOCKET."""

import asyncio
import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a state to systemd; does nothing where NOTIFY_SOCKET is not set.

    Args:
        state: `READY=1`, `STOPPING=1` or `WATCHDOG=1`.
        environment: Environment of this process.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name that begins with @ is an abstract socket, whose first byte is zero.
    address = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        try:
            manager.connect(address)
            manager.sendall(state.encode())
        except OSError:
            # The agent works without notifications.
            return


async def notify_watchdog(environment: Mapping[str, str] = os.environ) -> None:
    """Notify the watchdog twice within its interval; returns at once where there is no watchdog.

    Args:
        environment: Environment of this process.
    """
    interval_us = environment.get("WATCHDOG_USEC", "")
    if not interval_us.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        notify("WATCHDOG=1", environment)
        await asyncio.sleep(int(interval_us) / 2e6)
