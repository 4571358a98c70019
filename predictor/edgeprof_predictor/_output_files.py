"""Writes files that a user named: whole or not at all, and never over something that is no plain file.

A plain file is written beside its place and renamed over it, links followed, so that a reader finds the old one or the
new one. Where the name leads to a terminal, a pipe, `/dev/null` or `/dev/stdout`, the content is written into it, as
any other program does. The errors are `OSError`s with a sentence in `strerror`.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from edgeprof_predictor._plain_files import FileRefusedError

_DESCRIPTOR: Final = re.compile(r"/dev/fd/([0-9]{1,6})|/proc/(?:self|thread-self|[0-9]{1,10})/fd/([0-9]{1,6})")

_TRIAL_BYTES: Final = 4096
"""What a check writes: a full disk refuses it."""

_MAX_LINK_COUNT: Final = 40


def write_output(
    path: str | os.PathLike[str], content: bytes, *, inputs: Iterable[str | os.PathLike[str]] = ()
) -> None:
    """Write a file, whole or not at all.

    Args:
        path: The file; one that is there is replaced and keeps its permissions.
        content: All that it is to hold.
        inputs: Files that were read for it and may not be replaced.

    Raises:
        OSError: If it cannot be written, is a folder, or is one of the inputs; `strerror` says why.
    """
    descriptor = _descriptor(path)
    if descriptor is not None:
        if descriptor == 1 and sys.stdout is not None:
            sys.stdout.flush()
        _write_into(os.dup(descriptor), content)
        return
    kind = _require_place(path, inputs)
    if kind is not None and not stat.S_ISREG(kind.st_mode):
        _write_into(os.open(path, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0)), content)
        return
    target = Path(os.path.realpath(path))
    partial, file = _open_beside(target)
    try:
        _write_into(file, content, sync=True)
        if kind is not None:
            _keep_permissions(partial, kind)
        os.replace(partial, target)
    except BaseException:  # raised again: only so that no half of a file is left, by Ctrl-C either
        partial.unlink(missing_ok=True)
        raise


def require_writable(path: str | os.PathLike[str], *, inputs: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Check that `write_output` could write a file now; nothing of the check stays.

    Args:
        path: The file.
        inputs: Files that are read for it and may not be replaced.

    Raises:
        OSError: If it could not; `strerror` says why.
    """
    descriptor = _descriptor(path)
    if descriptor is not None:
        os.fstat(descriptor)
        return
    kind = _require_place(path, inputs)
    if kind is None or stat.S_ISREG(kind.st_mode):
        require_folder(Path(os.path.realpath(path)).parent)


def is_replaced(path: str | os.PathLike[str]) -> bool:
    """Say whether `write_output` makes or replaces a plain file at a path, rather than writing into what is there."""
    return _descriptor(path) is None and (not os.path.exists(path) or os.path.isfile(path))


def require_folder(folder: str | os.PathLike[str]) -> None:
    """Check that files could be written into a folder now; nothing of the check stays.

    Args:
        folder: The folder, which is there.

    Raises:
        OSError: If it is missing, no folder, read-only or full.
    """
    partial, file = _open_beside(Path(os.path.realpath(folder)) / "file")
    try:
        _write_into(file, bytes(_TRIAL_BYTES), sync=True)
    finally:
        partial.unlink(missing_ok=True)


def _descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return the number of the open file that a name such as `/dev/stdout` stands for; None for any other name."""
    name = os.path.abspath(path)
    for _ in range(_MAX_LINK_COUNT):
        if match := _DESCRIPTOR.fullmatch(name):
            return int(match[1] or match[2])
        if not os.path.islink(name):
            break
        name = os.path.normpath(os.path.join(os.path.dirname(name), os.readlink(name)))
    return None


def _require_place(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]]) -> os.stat_result | None:
    """Return what is there already, None for nothing; refuse what may not be written."""
    name = os.fspath(path)
    if not name or name.endswith(os.sep):
        raise FileRefusedError(errno.EISDIR, "it is a folder; name a file", name)
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise FileRefusedError(errno.EISDIR, "it is a folder; name a file", name)
    if stat.S_ISBLK(found.st_mode) or stat.S_ISSOCK(found.st_mode):
        raise FileRefusedError(errno.EINVAL, "it is a disk or a socket; name a file", name)
    if any(os.path.exists(one) and os.path.samefile(one, path) for one in inputs):
        raise FileRefusedError(errno.EEXIST, "it is the file that is read; name another one to write", name)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it may not be changed", name)
    return found


def _open_beside(target: Path) -> tuple[Path, int]:
    os.stat(target.parent)
    # The name of the file itself may be as long as the system allows.
    partial = target.with_name(f".{os.urandom(8).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return partial, os.open(partial, flags, 0o666)


def _keep_permissions(partial: Path, kind: os.stat_result) -> None:
    if os.name == "posix" and os.geteuid() == 0:
        os.chown(partial, kind.st_uid, kind.st_gid)
    os.chmod(partial, stat.S_IMODE(kind.st_mode))


def _write_into(descriptor: int, content: bytes, *, sync: bool = False) -> None:
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
