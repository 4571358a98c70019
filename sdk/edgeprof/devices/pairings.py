"""This host's key, the devices that it is paired with, and their names: one file that only its owner can read."""

import dataclasses
import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgeprof.errors import PairingFileError
from edgeprof.folders import chosen_or_home
from edgeprof_proto.shared.plain_file import open_plain_file
from edgeprof_proto.shared.trust import KeyPair, fingerprint_of, make_host_key

PAIRINGS_VARIABLE = "EDGEPROF_PAIRINGS"

SCHEMA_VERSION = 1

_MAX_BYTES = 2**24
"""Size of the file at most: a certificate takes about a kilobyte."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NamedDevice:
    """A device that has a name on this host.

    Args:
        name: The name; the address of a device that has none.
        address: `host:port` of its agent.
        tags: Words that it shares with other devices, in alphabetical order.
    """

    name: str
    address: str
    tags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pairings:
    """What this host knows of its pairings.

    Args:
        key: This host's key; None until the first pairing, or the first name.
        certificates: Certificates of the paired devices in PEM, by address.
        named_devices: The devices that have a name, paired or not, each name once.
    """

    key: KeyPair | None = None
    certificates: dict[str, bytes] = dataclasses.field(default_factory=dict)
    named_devices: tuple[NamedDevice, ...] = ()

    def certificate_at(self, address: str) -> bytes | None:
        """Return the certificate of the device that was paired at an address."""
        return self.certificates.get(address)

    def knows(self, certificate_pem: bytes) -> bool:
        """Say whether a certificate is that of a paired device."""
        fingerprint = fingerprint_of(certificate_pem)
        return any(fingerprint_of(known) == fingerprint for known in self.certificates.values())


def pairings_path() -> Path:
    """Return where the file is: `$EDGEPROF_PAIRINGS`, or in the user's folder for configuration."""
    import platformdirs

    return chosen_or_home(PAIRINGS_VARIABLE, platformdirs.user_config_path, "pairings.json")


def read_pairings() -> Pairings:
    """Read the file.

    Returns:
        What is in it; nothing where there is none.

    Raises:
        PairingFileError: If it cannot be used, or others than its owner may read it.
    """
    path = pairings_path()
    try:
        with open_plain_file(path, max_bytes=_MAX_BYTES) as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise PairingFileError(
                    f"others than its owner may read {path}, which holds this host's key: if nobody has, run chmod 600 "
                    "on it; otherwise remove it, revoke this host on every device, and pair again"
                )
            content = file.read()
    except FileNotFoundError:
        return Pairings()
    except OSError as error:
        raise PairingFileError(f"the file of pairings {path} cannot be read ({error.strerror})") from error
    try:
        return _parse(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # Not from the error, which may hold a piece of the key.
        raise PairingFileError(
            f"the file of pairings {path} cannot be used: restore it from a copy, or remove it and pair with every "
            "device again"
        ) from None


@contextmanager
def changing_pairings() -> Iterator[Pairings]:
    """Yield what the file holds, to be written anew inside the block: other processes wait with theirs until it ends.

    Raises:
        PairingFileError: If the file cannot be used or written.
    """
    path = Path(os.path.realpath(pairings_path()))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # It stays: who removed it would let two others hold it at once.
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PairingFileError(f"the file of pairings {path} cannot be written ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield read_pairings()
    finally:
        os.close(lock)


def make_key() -> KeyPair:
    """Return this host's key, made and written down the first time.

    Raises:
        PairingFileError: If the file cannot be used or written.
    """
    if (key := read_pairings().key) is not None:
        return key
    with changing_pairings() as pairings:
        key = pairings.key or make_host_key()
        write_pairings(dataclasses.replace(pairings, key=key))
    return key


def remember_device(address: str, certificate_pem: bytes) -> None:
    """Write down a device that this host has paired with.

    Args:
        address: `host:port` of its agent.
        certificate_pem: Its certificate.

    Raises:
        PairingFileError: If the file cannot be used or written.
    """
    with changing_pairings() as pairings:
        write_pairings(dataclasses.replace(pairings, certificates={**pairings.certificates, address: certificate_pem}))


def forget_device(address: str) -> bool:
    """Forget the device that was paired at an address.

    Args:
        address: `host:port` of its agent.

    Returns:
        Whether there was one.

    Raises:
        PairingFileError: If the file cannot be used or written.
    """
    return _forget(lambda known_address, _: known_address == address)


def forget_certificate(certificate_pem: bytes) -> bool:
    """Forget a device at all addresses at which it was paired.

    Args:
        certificate_pem: Its certificate.

    Returns:
        Whether it was paired.

    Raises:
        PairingFileError: If the file cannot be used or written.
    """
    fingerprint = fingerprint_of(certificate_pem)
    return _forget(lambda _, known: fingerprint_of(known) == fingerprint)


def _forget(is_meant: Callable[[str, bytes], bool]) -> bool:
    """Forget the pairings that are meant, by address and certificate; say whether there was one."""
    if not any(is_meant(*item) for item in read_pairings().certificates.items()):
        return False
    with changing_pairings() as pairings:
        kept = {address: known for address, known in pairings.certificates.items() if not is_meant(address, known)}
        write_pairings(dataclasses.replace(pairings, certificates=kept))
    return True


def _parse(content: Any) -> Pairings:
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509 import load_pem_x509_certificate

    if content["schema_version"] != SCHEMA_VERSION:
        raise ValueError("another schema")
    certificates = {address: pem.encode() for address, pem in content["devices"].items()}
    for pem in certificates.values():
        load_pem_x509_certificate(pem)
    key = KeyPair(private_key_pem=content["private_key"].encode(), certificate_pem=content["certificate"].encode())
    private_key = serialization.load_pem_private_key(key.private_key_pem, password=None)
    if private_key.public_key() != load_pem_x509_certificate(key.certificate_pem).public_key():
        raise ValueError("key and certificate do not belong together")
    named = tuple(
        NamedDevice(name=str(name), address=str(facts["address"]), tags=tuple(map(str, facts["tags"])))
        # Files of earlier versions hold none.
        for name, facts in content.get("names", {}).items()
    )
    return Pairings(key=key, certificates=certificates, named_devices=named)


def write_pairings(pairings: Pairings) -> None:
    """Write the file in the place of the one there is.

    Args:
        pairings: What it is to hold; a key at least.

    Raises:
        PairingFileError: If it cannot be written.
    """
    assert pairings.key is not None
    content = {
        "schema_version": SCHEMA_VERSION,
        "private_key": pairings.key.private_key_pem.decode(),
        "certificate": pairings.key.certificate_pem.decode(),
        "devices": {address: pem.decode() for address, pem in pairings.certificates.items()},
        "names": {item.name: {"address": item.address, "tags": item.tags} for item in pairings.named_devices},
    }
    # A link to the file stays one.
    path = Path(os.path.realpath(pairings_path()))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes files that only their owner can read.
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with open(descriptor, "w", encoding="ascii") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            # Raised again: only so that no second file with the key is left, by Ctrl-C either.
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PairingFileError(f"the file of pairings {path} cannot be written ({error.strerror})") from error
