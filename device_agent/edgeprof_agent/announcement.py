"""Tells the local network where this agent listens, by zeroconf (multicast DNS), where the board's owner asked for it.

Nothing is imported otherwise: answering the questions of a network takes a few megabytes, and wakes the board.
"""

import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterable
from typing import Any

from edgeprof_agent.config import AgentConfig, parse_address
from edgeprof_agent.errors import ConfigError
from edgeprof_proto import SERVICE_TYPE
from edgeprof_proto.shared.address import is_loopback
from edgeprof_proto.version import VERSION

_WILDCARDS = ("0.0.0.0", "::")


@contextlib.asynccontextmanager
async def announced(config: AgentConfig, address: str) -> AsyncIterator[None]:
    """Announce an agent inside the block, if its configuration asks for that.

    Args:
        config: Says whether.
        address: `host:port` where it listens.

    Raises:
        ConfigError: If zeroconf is not installed, or the network cannot be told.
    """
    if not config.announce:
        yield
        return
    try:
        import ifaddr
        import zeroconf
        from zeroconf.asyncio import AsyncZeroconf
    except ImportError:
        raise ConfigError("--announce needs zeroconf: pip install 'edgeprof[discovery]', or omit --announce") from None
    host, port = parse_address(address)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname()).strip("-")[:48] or "device"
    addresses = _own_addresses(ifaddr.get_adapters()) if host in _WILDCARDS else [host]
    service = zeroconf.ServiceInfo(
        SERVICE_TYPE,
        # Two agents of one machine differ by their ports.
        f"{name}-{port}.{SERVICE_TYPE}",
        port=port,
        parsed_addresses=addresses,
        server=f"{name}.local.",
        properties={"version": VERSION},
    )
    try:
        network = AsyncZeroconf(interfaces=addresses)
        await network.async_register_service(service)
    except (OSError, zeroconf.Error) as error:
        raise ConfigError(f"the local network cannot be told of this agent ({error}): omit --announce") from error
    try:
        yield
    finally:
        await network.async_unregister_all_services()
        await network.async_close()


def _own_addresses(adapters: Iterable[Any]) -> list[str]:
    """Return the IPv4 addresses at which others reach this device; those of IPv6 may need the host's own interface."""
    texts = [ip.ip for adapter in adapters for ip in adapter.ips if isinstance(ip.ip, str)]
    return [text for text in texts if not is_loopback(text)]
