"""Databases of stores, as tests look into them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine


@contextmanager
def engine_of(place: str) -> Iterator[Engine]:
    """Connects to the database of a store, past the store."""
    engine = create_engine(place if "://" in place else f"sqlite:///{place}")
    yield engine
    engine.dispose()
