"""Opens files that a user named: plain files of a bounded size only, looked at before a byte is read.

A device (`/dev/zero`) has no end, and opening a FIFO waits for a writer. The errors are `OSError`s with a sentence, so
that code that reports errors of the system reports these too. `edgeprof_predictor` has the same functions for itself,
since it does not import the contract.
"""

import errno
import mmap
import os
import stat
from pathlib import Path
from typing import BinaryIO

MAX_AGENT_FILE_BYTES = 2**26
"""Size at most of a file that an agent keeps for itself, in bytes."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


class FileRefusedError(OSError):
    """The file is not a plain file, is too large, or is empty; `strerror` and the text say which."""

    def __str__(self) -> str:
        return str(self.strerror)


def open_plain_file(path: str | os.PathLike[str], *, max_bytes: int) -> BinaryIO:
    """Open a file for reading, links followed.

    Args:
        path: The file.
        max_bytes: Size of the file at most.

    Returns:
        The file.

    Raises:
        OSError: If it is no plain file, is larger, or cannot be opened; `strerror` says which.
    """
    # Looked at first: opening some devices has an effect.
    _require_plain(os.stat(path), path, max_bytes)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        # And again: another file may have taken its place.
        _require_plain(os.fstat(descriptor), path, max_bytes)
    except OSError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb")


def read_plain_file(path: str | os.PathLike[str], *, max_bytes: int) -> bytes:
    """Read a file of a user's: as many bytes as its size says, and no more.

    Args:
        path: The file.
        max_bytes: Size of the file at most.

    Raises:
        OSError: If it is no plain file, is larger, or cannot be read; `strerror` says which.
    """
    with open_plain_file(path, max_bytes=max_bytes) as file:
        # Files of /proc have the size 0 and may have no end.
        left = os.fstat(file.fileno()).st_size
        blocks = []
        while left and (block := file.read(left)):
            blocks.append(block)
            left -= len(block)
    return b"".join(blocks)


def map_plain_file(path: str | os.PathLike[str], *, max_bytes: int) -> memoryview:
    """Map a file of a user's into memory, so that a large one takes none until it is read.

    Args:
        path: The file.
        max_bytes: Size of the file at most.

    Raises:
        OSError: If it is no plain file, is empty or larger, or cannot be mapped; `strerror` says which.
    """
    with open_plain_file(path, max_bytes=max_bytes) as file:
        if not os.fstat(file.fileno()).st_size:
            raise FileRefusedError(errno.EINVAL, "it is empty; copy or export it again", str(path))
        # Never closed by hand: whoever handles an error may still hold slices of it.
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def require_plain_or_absent(path: str | os.PathLike[str]) -> None:
    """Check that a path leads to a plain file, links followed, or to none yet.

    Args:
        path: The path.

    Raises:
        OSError: If it leads to something else, or cannot be looked at; `strerror` says which.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return
    _require_kind(status, path)


def _require_kind(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise FileRefusedError(errno.EINVAL, f"it is {kind}, not a plain file; name a plain file", str(Path(path)))


def _require_plain(status: os.stat_result, path: str | os.PathLike[str], max_bytes: int) -> None:
    _require_kind(status, path)
    if status.st_size > max_bytes:
        raise FileRefusedError(
            errno.EFBIG, f"it has {status.st_size} bytes, at most {max_bytes} are read; name a smaller file", str(path)
        )
