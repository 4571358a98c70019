"""A lock on a file beside the store, which ends with the process that has it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeprof.errors import StoreError
from edgeprof.store.waiting import POLL_S, tell_waiting


@contextmanager
def file_lock(path: Path, purpose: str) -> Iterator[None]:
    """Hold a lock inside the block; wait as long as another process holds it, and say so once.

    Args:
        path: The file, which is there while the lock is held.
        purpose: What it is held for, for the sentence.

    Raises:
        StoreError: If the file cannot be made or locked.
    """
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


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock. One that was killed holds none, though its file may still be there.

    Args:
        path: The file of the lock.

    Raises:
        StoreError: If the file cannot be looked at.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"the lock {path} cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


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
                tell_waiting(f"process {os.read(file, 20).decode() or 'unknown'}", purpose)
                is_told = True
            time.sleep(POLL_S)
        except BaseException:
            os.close(file)
            raise
        os.close(file)
