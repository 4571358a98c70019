"""Opens files that a user named: plain files of a bounded size only, looked at before a byte is read.

A device (`/dev/zero`) has no end, and opening a FIFO waits for a writer. The errors are `OSError`s with a sentence, so
that code that reports errors of the system reports these too. Host and agent have the same functions in
`edgeprof_proto.shared.plain_file`, which this package does not import.
"""

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final, TextIO

MAX_TABLE_BYTES: Final = 2**32
"""Size of a table of latencies or accuracies at most, in bytes, also once it is unpacked."""

MAX_FILE_BYTES: Final = 2**30
"""Size of any other file at most, in bytes: a profile, a bundle, a journal."""

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


def open_plain_text(path: str | os.PathLike[str], *, newline: str | None = None) -> TextIO:
    """Open a table of text in UTF-8, with or without a byte order mark, or in UTF-16 with one.

    Args:
        path: The file.
        newline: As for `open`.

    Raises:
        OSError: If it is not a plain file, is larger than `MAX_TABLE_BYTES`, or cannot be opened.
    """
    file = open_plain_file(path, max_bytes=MAX_TABLE_BYTES)
    start = file.read(64)
    file.seek(0)
    is_utf_16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in start and not is_utf_16:
        file.close()
        raise FileRefusedError(
            errno.EINVAL, "it holds zero bytes, so it is no text in UTF-8; save it as UTF-8", str(Path(path))
        )
    return io.TextIOWrapper(file, encoding="utf-16" if is_utf_16 else "utf-8-sig", newline=newline)


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


def require_plain_file(path: str | os.PathLike[str], *, max_bytes: int) -> None:
    """Check a file that a library is to open by its path.

    Args:
        path: The file.
        max_bytes: Size of the file at most.

    Raises:
        OSError: If it is not a plain file, or larger; the text says which.
    """
    _require_plain(os.stat(path), path, max_bytes)


def _require_plain(status: os.stat_result, path: str | os.PathLike[str], max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise FileRefusedError(errno.EINVAL, f"it is {kind}, not a plain file; name a plain file", str(Path(path)))
    if status.st_size > max_bytes:
        raise FileRefusedError(
            errno.EFBIG, f"it has {status.st_size} bytes, at most {max_bytes} are read; name a smaller file", str(path)
        )
