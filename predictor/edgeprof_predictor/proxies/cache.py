"""Scores that were computed once, in one SQLite file: an interrupted run, or one with more proxies, goes on."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from edgeprof_predictor.errors import JournalError
from edgeprof_predictor.proxies.record import ProxyScore
from edgeprof_predictor.runs.journal import Row

_PACKAGE: Final = Path(__file__).parents[1]

BUSY_S: Final = 60.0
"""How long to wait for another run that writes to the same file."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS scores (
    network TEXT NOT NULL, proxy TEXT NOT NULL, seed INTEGER NOT NULL, batch TEXT NOT NULL, code TEXT NOT NULL,
    score REAL, reason TEXT NOT NULL,
    PRIMARY KEY (network, proxy, seed, batch, code)
) WITHOUT ROWID
"""


class ProxyCache:
    """Scores of networks by network, proxy, seed and batch, for one seed and one batch.

    Each network is on disk when `add` returns. Scores of another version of the formulas, or of the networks, are not
    seen.

    Args:
        path: The file; made where there is none.
        seed: Of the scores.
        batch: What the batch is, in words.

    Raises:
        JournalError: If the file cannot be read or written, or is something else.
    """

    def __init__(self, path: Path, *, seed: int, batch: str) -> None:
        self.path: Final = path
        self._seed = seed
        self._batch = batch
        with self._connected() as connection:
            connection.execute(_SCHEMA)

    def known(self) -> dict[str, dict[str, ProxyScore]]:
        """Return all scores that are known, by network and proxy."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT network, proxy, score, reason FROM scores WHERE seed = ? AND batch = ? AND code = ?",
                (self._seed, self._batch, formulas_digest()),
            ).fetchall()
        found: dict[str, dict[str, ProxyScore]] = {}
        for network, proxy, score, reason in rows:
            found.setdefault(network, {})[proxy] = ProxyScore(proxy=proxy, score=score, reason=reason)
        return found

    def add(self, network: str, scores: Sequence[ProxyScore]) -> None:
        """Keep scores of a network."""
        key = (self._seed, self._batch, formulas_digest())
        with self._connected() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO scores (network, proxy, seed, batch, code, score, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(network, item.proxy, *key, item.score, item.reason) for item in scores],
            )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=BUSY_S)) as connection, connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"the cache of scores {self.path} cannot be used ({error}); move it away, or set EDGEPROF_CACHE"
            ) from error


def score_row(score: ProxyScore) -> Row:
    """Return a score as a row of results."""
    return {"proxy": score.proxy, "score": score.score, "reason": score.reason}


@cache
def formulas_digest() -> str:
    """Return a fingerprint of the code that scores depend on: the proxies and the networks of the search spaces."""
    digest = hashlib.sha256()
    for module in formula_files():
        digest.update(module.relative_to(_PACKAGE).as_posix().encode() + module.read_bytes())
    return digest.hexdigest()


def formula_files() -> list[Path]:
    """Return the source files that scores depend on, in a fixed order."""
    return [file for folder in ("proxies", "spaces") for file in sorted((_PACKAGE / folder).rglob("*.py"))]
