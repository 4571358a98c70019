"""The public call `known_devices`: the devices that this host has connected to."""

import os
from collections.abc import Sequence

from edgeprof.arguments import as_list
from edgeprof.devices.named_devices import address_of
from edgeprof.store import KnownDevice, Store, opened


def known_devices(
    addresses: Sequence[str] | str = (), *, store: Store | str | os.PathLike[str] | None = None
) -> list[KnownDevice]:
    """Describe the devices at these addresses, or list all that this host has connected to.

    Args:
        addresses: `host:port` of agents or names of their devices, or one of them, which are asked for their
            description; empty for all known devices.
        store: Where descriptions are kept; None for the user's own.

    Returns:
        The devices with their addresses, the last seen first.

    Raises:
        EdgeprofError: If an agent cannot be reached or refuses this host, or the store cannot be used.
    """
    addresses = [address_of(device) for device in as_list(addresses, str)]
    with opened(store) as store:
        if addresses:
            from edgeprof.devices.client import connect  # gRPC, which the list of known devices does not need
        for address in addresses:
            with connect(address) as client:
                store.record_device(client.device(), address, agent_version=client.agent_version)
        return [item for item in store.devices() if not addresses or item.address in addresses]
