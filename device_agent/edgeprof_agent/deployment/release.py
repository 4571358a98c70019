"""What was brought to the board: the wheels of one release, and the record of the deployment that is in force."""

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path

from edgeprof_agent.errors import InstallError

RELEASE_FILE = "release.json"
RECORD_FILE = "deployment.json"

_WHEEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The wheels that make one environment.

    Args:
        version: Version of edgeprof.
        wheels: SHA-256 of each wheel by its file name.
        uses_system_packages: Whether packages of the system are seen in the environment.
    """

    version: str
    wheels: dict[str, str]
    uses_system_packages: bool

    @property
    def release_id(self) -> str:
        """16 hexadecimal digits that name this set of wheels."""
        content = json.dumps([sorted(self.wheels.items()), self.uses_system_packages])
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def read_release(path: Path) -> Release:
    """Read the description of a release.

    Args:
        path: The file.

    Raises:
        InstallError: If it cannot be read as one.
    """
    try:
        content = json.loads(path.read_bytes())
        release = Release(
            version=str(content["version"]),
            wheels={str(name): str(digest) for name, digest in content["wheels"].items()},
            uses_system_packages=bool(content["uses_system_packages"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InstallError(
            f"{path} does not describe a release ({type(error).__name__}): run `edgeprof deploy` again"
        ) from error
    if bad := [name for name in release.wheels if not _WHEEL_NAME.fullmatch(name)]:
        raise InstallError(f"{path} names files that are no wheels: {', '.join(bad)[:200]}")
    return release


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The deployment that is in force.

    Args:
        release_id: The release whose environment the agent runs from.
        version: Version of edgeprof.
        service: `system`, `user` or `none`: how the agent is started.
        listen: Address that it listens on.
        data_dir: Its data folder.
    """

    release_id: str
    version: str
    service: str
    listen: str
    data_dir: str


def read_deployment(folder: Path) -> Deployment | None:
    """Read the record of a deployment.

    Args:
        folder: The folder of the deployment.

    Returns:
        The record; None where there is none, or none that can be read.
    """
    try:
        content = json.loads((folder / RECORD_FILE).read_bytes())
        return Deployment(**{field.name: str(content[field.name]) for field in dataclasses.fields(Deployment)})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_deployment(folder: Path, deployment: Deployment) -> None:
    """Write the record of a deployment, whole or not at all."""
    partial = folder / f"{RECORD_FILE}.part"
    # One line, which the shell script that looks at the board prints as it is.
    partial.write_text(json.dumps(dataclasses.asdict(deployment)) + "\n", encoding="utf-8")
    os.replace(partial, folder / RECORD_FILE)
