"""Names of devices: an address is given once, and the name, or a tag of several devices, from then on."""

import dataclasses
import re
from collections.abc import Iterable, Sequence

from edgeprof.devices.pairings import NamedDevice, changing_pairings, make_key, read_pairings, write_pairings
from edgeprof.errors import InvalidAddressError, InvalidArgumentError
from edgeprof_predictor._nearest_names import nearest_names
from edgeprof_proto.shared.address import AddressError, parse_address

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def named_devices() -> list[NamedDevice]:
    """Return the devices that have a name on this host, by their names.

    Raises:
        PairingFileError: If the file of this host's devices cannot be read.
    """
    return sorted(read_pairings().named_devices, key=lambda device: device.name)


def add_device(address: str, name: str, *, tags: Sequence[str] = ()) -> NamedDevice:
    """Give the device at an address a name, beside its pairing; what had the name before loses it.

    The device need not answer.

    Args:
        address: `host:port` of its agent.
        name: Up to 64 letters, digits, dots, underscores and hyphens.
        tags: Words of the same form that it shares with other devices.

    Raises:
        InvalidAddressError: If the address is not `host:port`.
        InvalidArgumentError: If the name or a tag has another form.
        PairingFileError: If the file of this host's devices cannot be read or written.
    """
    try:
        parse_address(address)
    except AddressError as error:
        raise InvalidAddressError(str(error)) from None
    for what, text in (("name", name), *(("tag", tag) for tag in tags)):
        if not _NAME.fullmatch(text):
            raise InvalidArgumentError(
                f"the {what} of a device is up to 64 letters from a to z, digits, dots, underscores and hyphens, "
                f"begins with a letter or a digit, and is not {text[:80]!r}"
            )
    device = NamedDevice(name=name, address=address, tags=tuple(sorted(set(tags))))
    make_key()  # the file begins with it
    with changing_pairings() as pairings:
        others = tuple(item for item in pairings.named_devices if item.name != name)
        write_pairings(dataclasses.replace(pairings, named_devices=(*others, device)))
    return device


def remove_device(name: str) -> NamedDevice:
    """Take a device's name away; its pairing stays.

    Args:
        name: Its name.

    Returns:
        What had the name.

    Raises:
        InvalidAddressError: If no device has it.
        PairingFileError: If the file of this host's devices cannot be read or written.
    """
    _device_called(name, read_pairings().named_devices)  # an unknown name makes no file
    with changing_pairings() as pairings:
        found = _device_called(name, pairings.named_devices)
        others = tuple(item for item in pairings.named_devices if item.name != name)
        write_pairings(dataclasses.replace(pairings, named_devices=others))
    return found


def address_of(device: str) -> str:
    """Return the address of a device.

    Args:
        device: Its name, or an address, which is returned as it is.

    Raises:
        InvalidAddressError: If it is neither.
        PairingFileError: If the file of this host's devices cannot be read.
    """
    # Names have no colon: this file is not read for an address.
    return device if ":" in device else _device_called(device, read_pairings().named_devices).address


def address_or_text(device: str) -> str:
    """Return the address of the device that has this name on this host, or the text where none has.

    Args:
        device: A name on this host, or another name, an address or an id of a device that was measured.

    Raises:
        PairingFileError: If the file of this host's devices cannot be read.
    """
    if not device or ":" in device:
        return device
    return next((known.address for known in named_devices() if known.name == device), device)


def find_devices(devices: Iterable[str] = (), tags: Iterable[str] = ()) -> list[NamedDevice]:
    """Return devices by their names, addresses or tags, each address once, in this order.

    Args:
        devices: Names, and addresses: that of no named device is its own name.
        tags: Tags, each of one device at least.

    Raises:
        InvalidAddressError: If something is neither a name, an address nor a tag, as it has to be.
        PairingFileError: If the file of this host's devices cannot be read.
    """
    known = named_devices()
    found: dict[str, NamedDevice] = {}
    for text in devices:
        device = _at_address(text, known) if ":" in text else _device_called(text, known)
        found.setdefault(device.address, device)
    for tag in tags:
        tagged = [device for device in known if tag in device.tags]
        if not tagged:
            nearest = _nearest(tag, {other for device in known for other in device.tags})
            raise InvalidAddressError(
                f"no device has the tag {tag!r}{nearest}: `edgeprof devices add HOST:PORT --name NAME --tag {tag}`"
            )
        for device in tagged:
            found.setdefault(device.address, device)
    return list(found.values())


def _at_address(address: str, known: Iterable[NamedDevice]) -> NamedDevice:
    nameless = NamedDevice(name=address, address=address)
    return next((device for device in known if device.address == address), nameless)


def _device_called(name: str, known: Iterable[NamedDevice]) -> NamedDevice:
    by_name = {device.name: device for device in known}
    if name in by_name:
        return by_name[name]
    raise InvalidAddressError(
        f"no device is called {name[:80]!r}{_nearest(name, by_name)}: `edgeprof devices` lists them, "
        f"`edgeprof devices add HOST:PORT --name NAME` adds one, and an address is HOST:PORT"
    )


def _nearest(text: str, known: Iterable[str]) -> str:
    nearest = nearest_names(text, known, cutoff=0.3)
    return f"; {nearest}" if nearest else ""
