"""The paired hosts, in a file of the data folder."""

import dataclasses
import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edgeprof_agent.data_dir import write_durably
from edgeprof_agent.errors import ControlError, HostsFileError, InvalidRequestError
from edgeprof_proto.shared.plain_file import MAX_AGENT_FILE_BYTES, read_plain_file

HOSTS_FILE = "hosts.json"
SCHEMA_VERSION = 1

_NAME = re.compile(r"[!-~]{1,64}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PairedHost:
    """A paired host.

    Args:
        name: Its name on this device: 1 to 64 printable ASCII characters without spaces.
        fingerprint: Fingerprint of its certificate.
        paired_time: When it was paired by the device's clock, ISO 8601 in UTC.

    Raises:
        InvalidRequestError: If a field has another form.
    """

    name: str
    fingerprint: str
    paired_time: str

    def __post_init__(self) -> None:
        require_host_name(self.name)
        if not isinstance(self.fingerprint, str) or not _FINGERPRINT.fullmatch(self.fingerprint):
            raise InvalidRequestError("the fingerprint of a certificate has 64 hexadecimal digits")
        if not isinstance(self.paired_time, str):
            raise InvalidRequestError("the time of a pairing is text")


def require_host_name(name: Any) -> None:
    """Check the name of a host, which is printed to terminals.

    Args:
        name: The name.

    Raises:
        InvalidRequestError: If it is not 1 to 64 printable ASCII characters without spaces.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequestError("a host's name must be 1 to 64 printable ASCII characters without spaces")


class PairedHosts:
    """The paired hosts of one device. To be changed only while holding the lock of the data folder.

    Args:
        data_dir: The agent's folder.

    Raises:
        HostsFileError: If the file exists and cannot be used.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / HOSTS_FILE
        self._hosts = {host.fingerprint: host for host in read_hosts(data_dir)}
        self.on_revoked: Callable[[str], None] = lambda fingerprint: None
        """Called with the fingerprint of a host whose pairing was revoked."""

    def __contains__(self, fingerprint: object) -> bool:
        return fingerprint in self._hosts

    def add(self, name: str, fingerprint: str) -> str:
        """Add a host; a host with a known fingerprint gets the new name.

        Args:
            name: The name asked for.
            fingerprint: Fingerprint of its certificate.

        Returns:
            Its name, with a number appended where another host has the name asked for.
        """
        taken = {host.name for host in self._hosts.values() if host.fingerprint != fingerprint}
        free, number = name, 1
        while free in taken:
            number += 1
            free = f"{name[:60]}-{number}"
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._save({**self._hosts, fingerprint: PairedHost(name=free, fingerprint=fingerprint, paired_time=now)})
        return free

    def revoke(self, name: str) -> None:
        """Revoke the pairing of a host: its running calls end, later ones are refused.

        Args:
            name: Its name on this device.

        Raises:
            ControlError: If no host has the name.
        """
        for fingerprint, host in self._hosts.items():
            if host.name == name:
                self._save({key: other for key, other in self._hosts.items() if key != fingerprint})
                self.on_revoked(fingerprint)
                return
        raise ControlError(f"no paired host is called {name!r}; `edgeprof-agent hosts` lists them")

    def _save(self, hosts: dict[str, PairedHost]) -> None:
        content = {"schema_version": SCHEMA_VERSION, "hosts": [dataclasses.asdict(host) for host in hosts.values()]}
        # Written before it takes effect, so that a revocation survives a power cut.
        write_durably(self._path, json.dumps(content, indent=2).encode())
        self._hosts = hosts


def read_hosts(data_dir: Path) -> list[PairedHost]:
    """Read the paired hosts, in the order of pairing.

    Args:
        data_dir: The agent's folder.

    Raises:
        HostsFileError: If the file exists and cannot be used.
    """
    path = data_dir / HOSTS_FILE
    try:
        content = json.loads(read_plain_file(path, max_bytes=MAX_AGENT_FILE_BYTES))
        if content["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version must be {SCHEMA_VERSION}, got {content['schema_version']!r}")
        return [PairedHost(**host) for host in content["hosts"]]
    except FileNotFoundError:
        return []
    except OSError as error:
        why: object = error.strerror
        raise HostsFileError(f"the file of paired hosts {path} cannot be read ({why})") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise HostsFileError(
            f"the file of paired hosts {path} cannot be used ({type(error).__name__}): restore it from a backup, or "
            "remove it and pair every host again"
        ) from error
