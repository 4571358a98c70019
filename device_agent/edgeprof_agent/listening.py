"""Why the agent cannot listen on its address: gRPC has one error for all reasons, the system has one for each."""

import errno
import socket

from edgeprof_agent.config import AgentConfig

_REASONS = {
    errno.EADDRINUSE: "another program, perhaps another agent, uses this port; stop it, or choose another port with "
    "--listen",
    errno.EACCES: "ports below 1024 are for root only; choose another port with --listen",
    errno.EPERM: "the system does not permit it; choose another port with --listen, or mend the rules of the system",
    errno.EADDRNOTAVAIL: "no interface of this device has this address; choose one that `ip address` shows, or 0.0.0.0 "
    "for all",
    errno.EAFNOSUPPORT: "the system has no IPv6; choose an IPv4 address with --listen",
}


def reason_not_to_listen(config: AgentConfig) -> str:
    """Return why nothing can listen on an address, and what to do, found by trying.

    Args:
        config: Names the address.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        return f"{config.host} has no IP address here ({error.strerror}); choose another with --listen"
    try:
        with socket.socket(family, kind, protocol) as trial:
            # As gRPC does: connections that have just ended do not hold the port.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
            trial.listen()
    except OSError as error:
        return _REASONS.get(error.errno or 0, f"{error.strerror}; choose another with --listen")
    return "the address was taken a moment ago and is free now; start the agent again"
