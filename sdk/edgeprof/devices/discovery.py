"""The public call `discover_devices`: agents on the local network whose boards' owners let them announce themselves."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.errors import InvalidArgumentError
from edgeprof_proto import SERVICE_TYPE
from edgeprof_proto.shared.address import join_address

DISCOVERY_S = 3.0
"""Time for answers: devices answer within a second, and a question that is lost is asked again after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredDevice:
    """A device that has announced itself. Anyone in the network may: pairing shows which device it is.

    Args:
        host_name: What the board calls itself.
        address: `host:port` of its agent.
        version: Version of its agent; empty where it does not tell.
    """

    host_name: str
    address: str
    version: str


def discover_devices(
    *, duration_s: float = DISCOVERY_S, interfaces: Sequence[str] | None = None
) -> list[DiscoveredDevice]:
    """Ask the local network for agents that were started with `edgeprof-agent serve --announce`.

    Args:
        duration_s: How long to wait for answers, in seconds.
        interfaces: IP addresses of this host's interfaces to ask on; None for all.

    Returns:
        The devices, by their addresses.

    Raises:
        InvalidArgumentError: If zeroconf is not installed, or there is no network to ask.
    """
    try:
        import zeroconf
    except ImportError:
        raise InvalidArgumentError(
            "devices are discovered by zeroconf, which is not installed: pip install 'edgeprof[discovery]', or name "
            "an address"
        ) from None
    found: dict[str, DiscoveredDevice] = {}
    lock = threading.Lock()

    class Listener(zeroconf.ServiceListener):
        def add_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
            service = zc.get_service_info(type_, name)
            if service is None or service.port is None:
                return
            with lock:
                for address in service.parsed_addresses():
                    place = join_address(address, service.port)
                    found[place] = DiscoveredDevice(
                        host_name=(service.server or name).removesuffix(".").removesuffix(".local"),
                        address=place,
                        version=(service.properties.get(b"version") or b"").decode("ascii", "replace"),
                    )

        update_service = add_service

        def remove_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
            """One that stops now was there a moment ago: nothing is lost by naming it."""

    try:
        network = zeroconf.Zeroconf(interfaces=zeroconf.InterfaceChoice.All if interfaces is None else list(interfaces))
    except OSError as error:
        raise InvalidArgumentError(f"there is no network to ask ({error}): name an address") from error
    with network:
        zeroconf.ServiceBrowser(network, SERVICE_TYPE, Listener())
        time.sleep(duration_s)
    with lock:
        return sorted(found.values(), key=lambda device: device.address)
