"""What tells devices apart that have the same name: boards of one model, hosts that were never renamed."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.devices.named_devices import named_devices
from edgeprof.store import KnownDevice, Store, StoredResult
from edgeprof.store.platform import name_part

MIN_ID_LENGTH = 8
"""Characters of an id that are shown at least; `--device` takes six or more."""


def device_marks(store: Store) -> dict[str, str]:
    """Return what tells each device apart that shares its name with another, by the ids of these devices.

    That is its name on this host, or the beginning of its id where it has none.

    Args:
        store: Holds the devices.

    Raises:
        PairingFileError: If the file of this host's devices cannot be read.
        StoreError: If the store cannot be read.
    """
    devices = store.devices()
    groups: dict[str, list[str]] = {}
    for known in devices:
        groups.setdefault(name_part(known.name), []).append(known.device.device_id)
    shared = [group for group in groups.values() if len(group) > 1]
    if not shared:
        # Names stand in the file of pairings, which takes longer to read than a page of results.
        return {}
    names = names_of_devices(devices)
    return {
        device_id: ", ".join(names.get(device_id, [_short(device_id, group)]))
        for group in shared
        for device_id in group
    }


def names_of_devices(devices: Sequence[KnownDevice]) -> dict[str, list[str]]:
    """Return the names that devices have on this host, by their ids.

    Args:
        devices: The devices, the last seen first: the name of an address is that of the device last seen there.

    Raises:
        PairingFileError: If the file of this host's devices cannot be read.
    """
    at_address = {known.address: known.device.device_id for known in reversed(devices)}
    found: dict[str, list[str]] = {}
    for named in named_devices():
        if named.address in at_address:
            found.setdefault(at_address[named.address], []).append(named.name)
    return found


def told_apart(found: Sequence[StoredResult], store: Store) -> list[StoredResult]:
    """Return results with the marks of their devices.

    Args:
        found: The results.
        store: Holds the devices.

    Raises:
        PairingFileError: If the file of this host's devices cannot be read.
        StoreError: If the store cannot be read.
    """
    marks = device_marks(store) if found else {}
    return [replace(one, device_mark=marks[one.device_id]) if one.device_id in marks else one for one in found]


def _short(device_id: str, group: Sequence[str]) -> str:
    """Return the beginning of an id that no other of the group has."""
    others = [other for other in group if other != device_id]
    for length in range(MIN_ID_LENGTH, len(device_id)):
        if not any(other.startswith(device_id[:length]) for other in others):
            return device_id[:length]
    return device_id
