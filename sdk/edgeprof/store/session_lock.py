"""One process at a time runs a session: a lock on a file beside the store, which ends with the process that has it."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeprof.errors import StoreError

logger = logging.getLogger(__name__)

POLL_S = 0.2
"""How often a process that waits asks whether the other one has ended, in seconds."""


@contextmanager
def session_lock(store_path: Path, name: str, *, purpose: str) -> Iterator[None]:
    """Hold the lock of a session inside the block; wait as long as another process holds it, and say so once.

    Args:
        store_path: File of the store.
        name: Name of the lock, fit for a file's name.
        purpose: What the session does, for the sentence.

    Raises:
        StoreError: If the file cannot be made or locked.
    """
    path = store_path.with_name(f"{store_path.name}-{name}.lock")
    try:
        file = _acquired(path, purpose)
    except OSError as error:
        raise StoreError(f"the session cannot be locked with {path}: {error.strerror}") from error
    try:
        yield
    finally:
        # Removed while it is locked: who waits for it sees that the file at the path is another one.
        path.unlink(missing_ok=True)
        os.close(file)


def _acquired(path: Path, purpose: str) -> int:
    is_told = False
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                os.truncate(file, 0)
                os.write(file, str(os.getpid()).encode())
                return file
        except BlockingIOError:
            if not is_told:
                holder = os.read(file, 20).decode() or "unknown"
                logger.warning("process %s is at the same %s; waiting until it has ended", holder, purpose)
                is_told = True
            time.sleep(POLL_S)
        except BaseException:
            os.close(file)
            raise
        os.close(file)
