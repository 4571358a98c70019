"""Bundles that are found by their search space: those that the user has registered, and the shipped ones."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from edgeprof.errors import InvalidArgumentError, OutputFileError
from edgeprof.folders import default_bundle_folder
from edgeprof.output_files import check_output
from edgeprof_predictor.bundle import Bundle, load_bundle, read_bundle, shipped_bundles
from edgeprof_predictor.errors import BundleError

SUFFIX = ".bundle"


def registered_path(space: str) -> Path:
    """Return the file of the bundle that is registered for a space; there need not be one.

    Args:
        space: Name of the search space.
    """
    return default_bundle_folder() / f"{re.sub(r'[^A-Za-z0-9._-]', '_', space)}{SUFFIX}"


def check_bundle_output(
    output: str | os.PathLike[str] | None, *, registers: bool, inputs: Iterable[str | os.PathLike[str]]
) -> None:
    """Check that a bundle has a place, before anything is read.

    Args:
        output: File that the user named; None for none.
        registers: Whether it is found by its space.
        inputs: Files that are read for it.

    Raises:
        InvalidArgumentError: If it has no place.
        OutputFileError: If the file could not be written, or is one of those that are read.
    """
    if output is None and not registers:
        raise InvalidArgumentError("name a file for the bundle, or register it, so that it is found by its space")
    check_output(output, inputs=inputs)


def bundle_outputs(output: str | os.PathLike[str] | None, space: str, *, registers: bool) -> list[Path]:
    """Return the files that a bundle is to be written to, the one that the user named first.

    Args:
        output: File that the user named; None for none.
        space: Name of the search space.
        registers: Whether it is found by its space; the folder of such bundles is made.

    Raises:
        OutputFileError: If that folder cannot be made or written.
    """
    outputs = [Path(output)] if output is not None else []
    if not registers:
        return outputs
    path = registered_path(space)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFileError(
            f"bundles cannot be kept in {path.parent} ({error.strerror}): name another folder in EDGEPROF_BUNDLES"
        ) from error
    check_output(path)
    return [*outputs, path]


def write_bundle(bundle: Bundle, outputs: Iterable[Path]) -> None:
    """Write a bundle into files.

    Raises:
        OutputFileError: If one cannot be written.
    """
    for path in outputs:
        try:
            bundle.write(path)
        except OSError as error:
            raise OutputFileError(f"cannot write the bundle {path} ({error.strerror}): name another file") from error


def bundle_of_space(space: str) -> Bundle | None:
    """Return the bundle of a space: the one that the user has registered, else the shipped one; None without either.

    Args:
        space: Name of the search space.

    Raises:
        BundleError: If it is damaged or of another version.
    """
    path = registered_path(space)
    if path.exists():
        return _require_space(read_bundle(path), space)
    return load_bundle(space) if space in shipped_bundles() else None


def bundle_of(space: str, bundle: Bundle | str | os.PathLike[str] | None) -> Bundle | None:
    """Return a bundle that is named, or the one that is known for a space; None where there is none.

    Args:
        space: Name of the search space.
        bundle: The bundle, or its file; None for the known one.

    Raises:
        BundleError: If it cannot be read, or is of another space.
    """
    if bundle is None:
        return bundle_of_space(space)
    if isinstance(bundle, Bundle):
        return _require_space(bundle, space)
    return _require_space(read_bundle(bundle), space)


def is_known_bundle(space: str, bundle: Bundle | str | os.PathLike[str] | None) -> bool:
    """Return whether a bundle is what is found by its space anyway, so that naming it chooses nothing.

    Args:
        space: Name of the search space.
        bundle: The bundle, or its file; None for the known one.

    Raises:
        BundleError: If it cannot be read, or is of another space.
    """
    if bundle is None:
        return True
    named, known = bundle_of(space, bundle), bundle_of_space(space)
    return named is not None and known is not None and named.card == known.card


def _require_space(bundle: Bundle, space: str) -> Bundle:
    """Return a bundle that is of a space.

    Args:
        bundle: The bundle.
        space: Name of the search space.

    Raises:
        BundleError: If it is of another space.
    """
    if bundle.card.space != space:
        raise BundleError(f"the bundle is of {bundle.card.space}, not of {space}: name that space, or another bundle")
    return bundle
