"""The device's key and certificate: made once by `edgeprof-agent init`, read at every start."""

from pathlib import Path

from edgeprof_agent.data_dir import exclusive_data_dir, read_device_id, write_durably
from edgeprof_agent.errors import IdentityError
from edgeprof_proto.shared.trust import KeyPair, fingerprint_of, make_device_key

KEY_FILE = "device.key"
CERTIFICATE_FILE = "device.crt"


def make_identity(data_dir: Path) -> KeyPair:
    """Make the device's key and certificate; those that are there stay.

    Args:
        data_dir: The agent's folder.

    Returns:
        Key and certificate.

    Raises:
        DataDirError: If the folder cannot be written, or an agent runs on it.
        IdentityError: If there is a key or certificate that cannot be used.
    """
    with exclusive_data_dir(data_dir) as folder:
        # A certificate without key and a key without certificate are no leftovers of a power cut: the key is written
        # first, and one that no certificate names has never been used.
        if (folder / CERTIFICATE_FILE).exists() and (identity := read_identity(folder)) is not None:
            return identity
        identity = make_device_key(read_device_id(folder))
        write_durably(folder / KEY_FILE, identity.private_key_pem)
        write_durably(folder / CERTIFICATE_FILE, identity.certificate_pem)
        return identity


def read_identity(data_dir: Path) -> KeyPair | None:
    """Read the device's key and certificate.

    Args:
        data_dir: The agent's folder.

    Returns:
        Both, or None where the device has no identity yet.

    Raises:
        IdentityError: If one of the files is missing, unreadable or no such file, or others may read the key.
    """
    key_file, certificate_file = data_dir / KEY_FILE, data_dir / CERTIFICATE_FILE
    if not key_file.exists() and not certificate_file.exists():
        return None
    try:
        if key_file.stat().st_mode & 0o077:
            raise IdentityError(
                f"others than its owner may read the device's key {key_file}: if nobody has, run chmod 600 on it; "
                "otherwise remove device.key and device.crt, run `edgeprof-agent init`, and pair every host again"
            )
        private_key_pem, certificate_pem = key_file.read_bytes(), certificate_file.read_bytes()
    except OSError as error:
        raise _unusable(Path(str(error.filename)), error.strerror or "unreadable") from error
    try:
        fingerprint_of(certificate_pem)
    except ValueError as error:
        raise _unusable(certificate_file, str(error)) from error
    if not private_key_pem.startswith(b"-----BEGIN PRIVATE KEY-----"):
        raise _unusable(key_file, "not a key in PEM")
    return KeyPair(private_key_pem=private_key_pem, certificate_pem=certificate_pem)


def _unusable(path: Path, why: str) -> IdentityError:
    return IdentityError(
        f"the device's identity cannot be used, {path} is at fault ({why}): restore it from a copy, or remove "
        "device.key and device.crt, run `edgeprof-agent init`, and pair every host again"
    )
