"""Makes the wheel of a distribution that is installed here, so that a board gets what this host runs.

pip makes wheels from sources, and edgeprof's may be gone: it may be installed from a wheel, or be a checkout that
changed since it was last built. A wheel is an archive of the installed files and their hashes (PEP 427).
"""

import base64
import csv
import hashlib
import importlib.util
import io
import re
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib import metadata
from pathlib import Path

from edgeprof.errors import DeployError

_TIME = (2020, 1, 1, 0, 0, 0)
"""Time of every file: the same content gives the same wheel, which is not sent again."""

_METADATA_FILES = ("METADATA", "WHEEL", "entry_points.txt", "top_level.txt")

PACKAGES = ("edgeprof", "edgeprof_agent", "edgeprof_predictor", "edgeprof_proto")
"""The packages of edgeprof, whose files an editable installation does not list."""


def write_wheel(name: str, folder: Path, *, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the wheel of an installed distribution.

    Args:
        name: Its name.
        folder: Where to write it.
        compression: Method of `zipfile`.

    Returns:
        The wheel.

    Raises:
        DeployError: If it is not installed, or in a way that leaves no metadata.
    """
    try:
        distribution = metadata.distribution(name)
        files = dict(_files(distribution))
        tags = Parser().parsestr(distribution.read_text("WHEEL") or "").get_all("Tag") or []
    except metadata.PackageNotFoundError as error:
        raise DeployError(f"{name} is not installed here: install it with pip, and run this again") from error
    except OSError as error:
        raise DeployError(f"{name} cannot be read where it is installed: {error}") from error
    if not tags:
        raise DeployError(f"the installation of {name} has no tags of a wheel: install it with pip, and run this again")
    stem = f"{_file_name(distribution)}-{distribution.version}"
    return pack_wheel(folder, stem, tags, files, compression=compression)


def pack_wheel(
    folder: Path, stem: str, tags: list[str], files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write a wheel.

    Args:
        folder: Where to write it.
        stem: Name and version, as in the names of wheels.
        tags: Its tags.
        files: All that it holds except for RECORD, by name.
        compression: Method of `zipfile`.

    Returns:
        The wheel.
    """
    parts = [tag.split("-") for tag in tags]
    together = "-".join(".".join(dict.fromkeys(part)) for part in zip(*parts, strict=True))
    path = folder / f"{stem}-{together}.whl"
    rows = []
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in sorted(files.items()):
            _add(archive, name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.append((name, f"sha256={digest}", str(len(content))))
        record = io.StringIO()
        csv.writer(record, lineterminator="\n").writerows([*rows, (f"{stem}.dist-info/RECORD", "", "")])
        _add(archive, f"{stem}.dist-info/RECORD", record.getvalue().encode())
    return path


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr = 0o644 << 16
    archive.writestr(info, content, archive.compression)


def _files(distribution: metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield what belongs into the wheel, by name."""
    own = f"{_file_name(distribution)}-{distribution.version}.dist-info"
    listed = [file for file in distribution.files or () if ".." not in file.parts and not file.is_absolute()]
    for file in listed:
        folder = file.parts[0]
        is_metadata = folder.endswith(".dist-info")
        # What pip or the installation itself wrote belongs to this machine.
        if "__pycache__" in file.parts or file.suffix == ".pth" or (is_metadata and not _is_kept(file.parts[1:])):
            continue
        yield f"{own}/{'/'.join(file.parts[1:])}" if is_metadata else str(file), Path(str(file.locate())).read_bytes()
    if distribution.metadata["Name"] == "edgeprof" and not any(file.parts[0] in PACKAGES for file in listed):
        for package in PACKAGES:
            yield from _package_files(package)


def _file_name(distribution: metadata.Distribution) -> str:
    return re.sub(r"[-_.]+", "_", distribution.metadata["Name"])


def _is_kept(parts: tuple[str, ...]) -> bool:
    return parts[0] in _METADATA_FILES or parts[0] == "licenses"


def _package_files(package: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a package of a checkout."""
    folder = _package_folder(package)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{package}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def _package_folder(package: str) -> Path:
    # Finds it without importing it: the agent is not loaded into a host's process.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DeployError(f"the package {package} was not found: install edgeprof with pip, and run this again")
    return Path(next(iter(spec.submodule_search_locations)))
