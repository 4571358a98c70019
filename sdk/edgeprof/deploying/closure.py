"""What a set of wheels still requires on another system, whose environment markers pip does not know."""

import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from edgeprof.deploying.wheel_target import WheelTarget
from edgeprof.errors import DeployError


def missing_requirements(wheels: Iterable[Path], root: str, extras: Iterable[str], target: WheelTarget) -> list[str]:
    """Find what is required on a system and is not among the wheels.

    pip downloads for another platform, but evaluates markers such as `python_version < "3.11"` for the machine that it
    runs on.

    Args:
        wheels: The wheels.
        root: Name of the distribution that is to be installed.
        extras: Its extras.
        target: The system.

    Returns:
        Requirements that no wheel and no package of the system meets, without their markers.

    Raises:
        DeployError: If a file is no wheel.
    """
    found = {canonicalize_name(path.name.partition("-")[0]): path for path in wheels}
    provided = {canonicalize_name(name) for name in target.system_packages}
    waiting: list[tuple[NormalizedName, str]] = [(canonicalize_name(root), extra) for extra in ("", *extras)]
    seen: set[tuple[NormalizedName, str]] = set()
    missing: dict[str, None] = {}
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or name in provided:
            continue
        seen.add((name, extra))
        for requirement in _requirements(found[name]):
            if requirement.marker is not None and not requirement.marker.evaluate({**target.markers(), "extra": extra}):
                continue
            required = canonicalize_name(requirement.name)
            if required not in found and required not in provided:
                requirement.marker = None
                missing[str(requirement)] = None
            elif required in found:
                waiting += [(required, item) for item in ("", *requirement.extras)]
    return list(missing)


def unpacked_bytes(wheel: Path) -> int:
    """Return the size of a wheel's files when installed, in bytes.

    Raises:
        DeployError: If the file is no wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return sum(item.file_size for item in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise _no_wheel(wheel) from error


def _requirements(wheel: Path) -> list[Requirement]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8", errors="replace"))
        return [Requirement(text) for text in metadata.get_all("Requires-Dist") or ()]
    except (OSError, ValueError, zipfile.BadZipFile, InvalidRequirement) as error:
        raise _no_wheel(wheel) from error


def _no_wheel(wheel: Path) -> DeployError:
    return DeployError(f"{wheel} is not a wheel that can be read: remove it, and run this again")
