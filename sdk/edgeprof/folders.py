"""Folders of the user's in which edgeprof keeps what it has, and what can be made again."""

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from edgeprof.errors import NoHomeError, OutputFileError


def default_cache_folder() -> Path:
    """The cache folder: `$EDGEPROF_CACHE`, or the user's cache folder.

    Raises:
        NoHomeError: If the user has no home folder and the variable names none.
    """
    return chosen_or_home("EDGEPROF_CACHE", platformdirs.user_cache_path)


def default_model_folder() -> Path:
    """Folder of exported models, in the cache folder."""
    return default_cache_folder() / "models"


def default_proxy_cache() -> Path:
    """File of the zero-cost proxies computed so far, in the cache folder."""
    return default_cache_folder() / "proxies.sqlite"


def default_bundle_folder() -> Path:
    """Folder of the bundles that are found by their space: `$EDGEPROF_BUNDLES`, or one in the user's data folder.

    Raises:
        NoHomeError: If the user has no home folder and the variable names none.
    """
    return chosen_or_home("EDGEPROF_BUNDLES", platformdirs.user_data_path, "bundles")


def usable_model_folder(folder: str | os.PathLike[str] | None) -> Path:
    """Return the folder of exported models, made where there is none, once it is known that files can be kept there.

    Args:
        folder: The folder; None for the one in the user's cache.

    Raises:
        OutputFileError: If it cannot be made, may not be written, or the disk is full.
    """
    from edgeprof_predictor._output_files import require_folder

    path = Path(folder) if folder else default_model_folder()
    try:
        path.mkdir(parents=True, exist_ok=True)
        require_folder(path)
    except OSError as error:
        raise OutputFileError(
            f"exported networks cannot be kept in {path} ({error.strerror}): free the disk, or name another folder in "
            "EDGEPROF_CACHE"
        ) from error
    return path


def chosen_or_home(variable: str, folder_of: Callable[..., Path], name: str = "") -> Path:
    """Return the place that a variable of the environment names, or one in a folder of the user's.

    Args:
        variable: Name of the variable.
        folder_of: Function of `platformdirs` that finds the folder.
        name: File in it; empty for the folder itself.

    Raises:
        NoHomeError: If the folder is not known, since the user has no home folder.
    """
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen)
    try:
        folder = folder_of("edgeprof", appauthor=False)
    except RuntimeError:
        folder = Path()
    # Older versions leave `~` as it is, which would become a folder of that name here.
    if not folder.is_absolute():
        raise NoHomeError(f"this user has no home folder: set HOME, or name a place in {variable}")
    return folder / name
