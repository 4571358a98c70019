"""The public call `find_profiles`: which profiles there are, of which platforms, and how old they are."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from edgeprof.errors import InvalidArgumentError
from edgeprof.measuring.provenance import EXPECTED_ERROR
from edgeprof_predictor.errors import ProfileError
from edgeprof_predictor.profile_file import PROFILE_SUFFIX, ProfileFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProfile:
    """A profile in a file, or a file that is none.

    Args:
        path: The file.
        subject: Search space that it predicts; empty for models of no space.
        device_name: Board or host name of the device.
        platform: Readable name of device and setting.
        expected_error: The error to expect as the onboarding stated it; empty where it stated none.
        write_time: When the file was written, in UTC.
        problem: Why the file cannot be read; empty where it can.
    """

    path: Path
    subject: str = ""
    device_name: str = ""
    platform: str = ""
    expected_error: str = ""
    write_time: datetime
    problem: str = ""


def find_profiles(paths: Sequence[str | os.PathLike[str]] = (".",)) -> list[FoundProfile]:
    """Find the profiles in files and folders, the newest file first.

    Args:
        paths: Files, or folders whose files ending in `.edgeprof` count.

    Raises:
        InvalidArgumentError: If there is nothing at a path.
    """
    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise InvalidArgumentError(f"there is nothing at {path}: name a file of profiles, or a folder with some")
        files.update(dict.fromkeys(sorted(path.glob(f"*{PROFILE_SUFFIX}")) if path.is_dir() else [path]))
    found = [profile for path in files for profile in _profiles_in(path)]
    return sorted(found, key=lambda profile: profile.write_time, reverse=True)


def _profiles_in(path: Path) -> list[FoundProfile]:
    write_time = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    try:
        contents = ProfileFile(path).contents
    except ProfileError as error:
        return [FoundProfile(path=path, write_time=write_time, problem=str(error))]
    return [
        FoundProfile(
            path=path,
            subject=content.subject,
            device_name=content.platform.get("device_name", ""),
            platform=content.platform.get("name", ""),
            expected_error=content.provenance.get(EXPECTED_ERROR, ""),
            write_time=write_time,
        )
        for content in contents
    ]
