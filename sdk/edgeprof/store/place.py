"""Where a store is: a file of this host, or a database on a PostgreSQL server."""

import os
import re
from pathlib import Path

import platformdirs
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from edgeprof.errors import StoreError
from edgeprof.folders import chosen_or_home, default_cache_folder

_VARIABLE = "EDGEPROF_STORE"

_SCHEME = re.compile("([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

_POSTGRESQL = "postgresql+psycopg"

_FORM = f"write {_POSTGRESQL}://user@host/database"


def store_place(place: str | os.PathLike[str] | None = None) -> Path | URL:
    """Return the file or the address of a store.

    Args:
        place: The file, or `postgresql+psycopg://user@host/database`; None for `$EDGEPROF_STORE`, or a file in the
            user's data folder.

    Raises:
        NoHomeError: If none is named and the user has no home folder.
        StoreError: If it is an address of another kind, or one that cannot be read. The sentence holds no password.
    """
    place = place or os.environ.get(_VARIABLE)
    if not place:
        return chosen_or_home(_VARIABLE, platformdirs.user_data_path, "store.sqlite3")
    scheme = _SCHEME.match(os.fspath(place))
    return Path(place) if scheme is None else _address(os.fspath(place), scheme[1].lower())


def store_folder() -> Path:
    """Folder of the user's store; the cache folder where the store is on a server."""
    place = store_place()
    return place.parent if isinstance(place, Path) else default_cache_folder()


def _address(text: str, scheme: str) -> URL:
    if scheme not in ("postgresql", _POSTGRESQL):
        raise StoreError(f"a store is a file or a database of PostgreSQL, not {scheme}://: name a file, or {_FORM}")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Neither the text nor the error is shown: both may hold a password.
        raise StoreError(f"the address of the store cannot be read: {_FORM}") from None
    if "@" in (url.host or ""):
        raise StoreError("the address of the store holds @ in its user or password: write %40 instead")
    if not url.database:
        raise StoreError(f"the address of the store names no database: {_FORM}")
    return url.set(drivername=_POSTGRESQL)
