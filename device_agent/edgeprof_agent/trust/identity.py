"""The device's key and certificate: created once by `edgeprof-agent init`, read at every start."""

from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.data_dir import exclusive_data_dir, read_device_id, write_durably
from edgeprof_agent.errors import IdentityError
from edgeprof_proto.shared.plain_file import MAX_AGENT_FILE_BYTES, read_plain_file
from edgeprof_proto.shared.trust import KeyPair, fingerprint_of, make_device_key

KEY_FILE = "device.key"
CERTIFICATE_FILE = "device.crt"


def make_identity(data_dir: Path) -> KeyPair:
    """Create the device's key and certificate; existing ones are kept.

    Args:
        data_dir: The agent's folder.

    Returns:
        Key and certificate.

    Raises:
        DataDirError: If the folder cannot be written, or an agent uses it.
        IdentityError: If an existing key or certificate cannot be used.
    """
    with exclusive_data_dir(data_dir) as folder:
        # The key is written first, so a key without certificate is the leftover of an interrupted call: it was never
        # used and is replaced. A certificate without key is an error, which `read_identity` raises.
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
        IdentityError: If a file is missing, unreadable or invalid, or other users may read the key.
    """
    key_file, certificate_file = data_dir / KEY_FILE, data_dir / CERTIFICATE_FILE
    if not key_file.exists() and not certificate_file.exists():
        return None
    try:
        if key_file.stat().st_mode & 0o077:
            raise IdentityError(
                f"other users may read the device's key {key_file}: if none has read it, run chmod 600 on it; "
                "otherwise remove device.key and device.crt, run `edgeprof-agent init`, and pair every host again"
            )
        private_key_pem = read_plain_file(key_file, max_bytes=MAX_AGENT_FILE_BYTES)
        certificate_pem = read_plain_file(certificate_file, max_bytes=MAX_AGENT_FILE_BYTES)
    except OSError as error:
        raise _unusable(Path(str(error.filename)), error.strerror or "unreadable") from error
    try:
        fingerprint_of(certificate_pem)
    except ValueError as error:
        raise _unusable(certificate_file, str(error)) from error
    if not private_key_pem.startswith(b"-----BEGIN PRIVATE KEY-----"):
        raise _unusable(key_file, "not a key in PEM")
    return KeyPair(private_key_pem=private_key_pem, certificate_pem=certificate_pem)


def identity_for(config: AgentConfig, data_dir: Path) -> KeyPair | None:
    """Return the key and certificate to serve with; None to serve without TLS and pairing, on loopback only.

    Args:
        config: Where the agent is to listen.
        data_dir: Its folder.

    Raises:
        IdentityError: If it is to listen beyond loopback and has none, or they cannot be used.
    """
    if config.insecure:
        return None
    identity = read_identity(data_dir)
    if identity is None and not config.is_loopback:
        raise IdentityError(
            f"refused to listen on {config.host!r}: beyond loopback the agent needs the device's key and certificate; "
            "run `edgeprof-agent init` once"
        )
    return identity


def _unusable(path: Path, why: str) -> IdentityError:
    return IdentityError(
        f"the device's identity cannot be used because of {path} ({why}): restore it from a backup, or remove "
        "device.key and device.crt, run `edgeprof-agent init`, and pair every host again"
    )
