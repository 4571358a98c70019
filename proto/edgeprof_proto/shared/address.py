"""Addresses of agents, `HOST:PORT`: one parser for both ends."""

import re
import socket

_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[^\[\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[0-9]{1,5})")

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")

_MAX_NAME_LENGTH = 253

MAX_PORT = 65_535


class AddressError(ValueError):
    """A text is no address; it says what one looks like."""


def parse_address(text: str, *, min_port: int = 1) -> tuple[str, int]:
    """Split an address into host and port.

    Args:
        text: `HOST:PORT`; the host is a name or an IPv4 address, or an IPv6 address in square brackets.
        min_port: Smallest port: 0 for an address to listen on, where it stands for any that is free.

    Returns:
        The host without brackets, and the port.

    Raises:
        AddressError: If it has another form, the host cannot be one, or the port is outside `min_port` to 65535.
    """
    match = _ADDRESS.fullmatch(text)
    if match is not None and min_port <= int(match["port"]) <= MAX_PORT:
        host = match["host"] if match["ipv6"] is None else match["ipv6"]
        if _is_ipv6(host) if match["host"] is None else _is_name_or_ipv4(host):
            return host, int(match["port"])
    raise AddressError(
        f"an address is HOST:PORT with a port of {min_port} to {MAX_PORT}, such as board.local:20763, "
        f"192.168.1.7:20763 or [::1]:20763; got {text[:300]!r}"
    )


def join_address(host: str, port: int) -> str:
    """Return the address of a host and a port, as `parse_address` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host's name or IP address."""
    if host.lower() == "localhost" or (":" in host and host.partition("%")[0] == "::1"):
        return True
    try:
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    except OSError:
        return False


def _is_ipv6(host: str) -> bool:
    address, separator, scope = host.partition("%")
    return _is_of(socket.AF_INET6, address) and (not separator or _LABEL.fullmatch(scope) is not None)


def _is_name_or_ipv4(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    if len(host) > _MAX_NAME_LENGTH or not all(map(_LABEL.fullmatch, labels)):
        return False
    # The system reads shortened forms, such as 10.1 or 127.1, as other addresses than people mean.
    return not labels[-1].isdigit() or _is_of(socket.AF_INET, host)


def _is_of(family: socket.AddressFamily, text: str) -> bool:
    try:
        socket.inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return True
