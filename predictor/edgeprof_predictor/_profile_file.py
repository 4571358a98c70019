"""The file of a device's profiles: parts, each what was learned of one subject on one setting of the device.

A subject is a search space, or any model. Parts are read and written here as named arrays and JSON documents; what is
in them, `Profile` and `OperatorProfile` know, and `ProfileFile` finds the one that is asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor._storage import digest_of, pack, unpack
from edgeprof_predictor.errors import OperatorModelError, ProfileError, UnknownMethodError, UnknownSearchSpaceError

SCHEMA_VERSION: Final = 4
"""Version of the file. 1: the first. 2: hyper-parameter samples. 3: tells whether the platform runs pruned graphs, and
holds the calibration for more samples. 4: several parts."""

READABLE_VERSIONS: Final = (2, 3, SCHEMA_VERSION)
"""Files before version 4 are one part. Those of version 2 predict as they did: for both graphs, with the calibration of
their samples."""

MODELS: Final = "models"
"""Subject of a part that predicts any model; the subject of any other part is its search space."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """What was learned of one subject on one platform.

    Args:
        subject: Name of a search space, or `MODELS`.
        platform: Identity of the platform, as the host describes it.
        provenance: How the part came about, as the host describes it.
        tensors: Named arrays.
        document: The rest, in values of JSON.
    """

    subject: str
    platform: Mapping[str, str]
    provenance: Mapping[str, str]
    tensors: Mapping[str, NDArray[np.generic]]
    document: Mapping[str, Any]

    @property
    def setting(self) -> dict[str, Any]:
        """The setting of the platform; empty where the host described none."""
        found: dict[str, Any] = json.loads(self.platform.get("setting", "{}"))
        return found

    def is_replaced_by(self, other: Part) -> bool:
        """Tell whether another part says the same anew: of the same subject and setting, whatever the version."""

        def identity(part: Part) -> tuple[str, dict[str, Any], str]:
            setting = {name: value for name, value in part.setting.items() if name != "runtime_version"}
            return part.subject, setting, part.platform.get("inputs", "")

        return identity(self) == identity(other)


@contextmanager
def readable(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what is raised while a profile's file, or a part of it, is read into `ProfileError`s of one sentence.

    Args:
        path: The file.

    Raises:
        ProfileError: If the file is missing, damaged, of another version, or cannot be used here.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        # safetensors finds no file where it may not read one.
        if isinstance(error, FileNotFoundError) and not os.path.exists(path):
            raise ProfileError(f"there is no profile {path}; make one with `edgeprof onboard`") from None
        raise ProfileError(f"{path} cannot be read by this user: mend its permissions, or name another file") from None
    except (UnknownSearchSpaceError, UnknownMethodError, OperatorModelError) as error:
        raise ProfileError(f"{path} cannot be used here: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torch writes several lines
        raise ProfileError(f"{path} is no profile or is damaged ({reason}); onboard again") from error


def read_parts(path: str | os.PathLike[str]) -> tuple[Part, ...]:
    """Return the parts of a profile's file, in the order in which they came into it.

    Raises:
        ProfileError: If the file is missing, damaged, or of another version.
    """
    with readable(path):
        tensors, document = unpack(Path(path))
        # Files of operators had no version of their own before there were parts.
        is_models = document.get("content") == MODELS
        version = 0 if is_models else document["schema_version"]
        if version not in (0, *READABLE_VERSIONS):
            raise ProfileError(
                f"{path} is a profile of version {version}, this release reads "
                f"{', '.join(map(str, READABLE_VERSIONS))}; use the release that wrote it or onboard again"
            )
        described = {key: value for key, value in document.items() if key != "sha256"}
        if digest_of(tensors, described) != document["sha256"]:
            raise ProfileError(f"{path} is damaged: its contents do not match their checksum; onboard again")
        if version != SCHEMA_VERSION:
            return (_part(tensors, {**document, "subject": MODELS if is_models else document["space"]}),)
        return tuple(_part(_own(tensors, index), entry) for index, entry in enumerate(document["parts"]))


def write_part(path: str | os.PathLike[str], part: Part) -> None:
    """Write a part into a profile's file, whole or not at all: it replaces its predecessor, and other parts stay.

    Raises:
        ProfileError: If the file is there and is damaged, no profile, or another device's.
        OSError: If it cannot be written.
    """
    from edgeprof_predictor._output_files import write_output

    kept = parts_beside(path, part.platform)
    parts = [part if one.is_replaced_by(part) else one for one in kept]
    if part not in parts:
        parts.append(part)
    tensors = {f"{index}.{name}": array for index, one in enumerate(parts) for name, array in one.tensors.items()}
    document = {
        "schema_version": SCHEMA_VERSION,
        "parts": [
            {
                "subject": one.subject,
                "platform": dict(one.platform),
                "provenance": dict(one.provenance),
                "document": dict(one.document),
            }
            for one in parts
        ],
    }
    write_output(path, pack(tensors, document | {"sha256": digest_of(tensors, document)}))


def parts_beside(path: str | os.PathLike[str], platform: Mapping[str, str]) -> tuple[Part, ...]:
    """Return the parts that a file already holds, which must belong to the device of a platform.

    Args:
        path: The file; one that is not there, a pipe or a device holds none.
        platform: The platform of a part that is to be written into it.

    Raises:
        ProfileError: If the file is damaged, no profile, or another device's.
    """
    from edgeprof_predictor._output_files import is_replaced

    if not os.path.exists(path) or not is_replaced(path):
        return ()
    try:
        parts = read_parts(path)
    except ProfileError as error:
        raise ProfileError(f"{error}; to keep nothing of it, delete it first") from error
    for one in parts:
        if one.platform.get("device_id") != platform.get("device_id"):
            raise ProfileError(
                f"{path} holds profiles of {one.platform.get('device_name', 'another device')}, not of "
                f"{platform.get('device_name', 'this device')}: name another file, a profile is of one device"
            )
    return parts


def _part(tensors: Mapping[str, NDArray[np.generic]], entry: Mapping[str, Any]) -> Part:
    return Part(
        subject=str(entry["subject"]),
        platform=dict(entry["platform"]),
        provenance=dict(entry["provenance"]),
        tensors=tensors,
        document=entry.get("document", entry),
    )


def _own(tensors: Mapping[str, NDArray[np.generic]], index: int) -> dict[str, NDArray[np.generic]]:
    prefix = f"{index}."
    return {name[len(prefix) :]: array for name, array in tensors.items() if name.startswith(prefix)}
