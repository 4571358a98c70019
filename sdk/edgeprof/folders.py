"""Folders of the user's in which edgeprof keeps what can be made again."""

import os
from pathlib import Path

import platformdirs


def default_cache_folder() -> Path:
    """The cache folder: `$EDGEPROF_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("EDGEPROF_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("edgeprof", appauthor=False)


def default_model_folder() -> Path:
    """Folder of exported models, in the cache folder."""
    return default_cache_folder() / "models"


def default_proxy_cache() -> Path:
    """File of the zero-cost proxies computed so far, in the cache folder."""
    return default_cache_folder() / "proxies.sqlite"
