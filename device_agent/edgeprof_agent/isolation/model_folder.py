"""The folder with the files of a model, kept within reach of a worker that no longer sees the agent's folder.

An engine opens the files by their names beside each other, and some resolve the path of the folder first. So the folder
is mounted again at its own path, for reading only. Where that is not possible, it is reached through its descriptor.
"""

import contextlib
import os
import stat
from pathlib import Path

from edgeprof_agent.isolation import kernel

_KEPT_FLAGS = {
    os.ST_NOEXEC: kernel.MS_NOEXEC,
    os.ST_NOATIME: kernel.MS_NOATIME,
    os.ST_RELATIME: kernel.MS_RELATIME,
}
"""Flags of a mount that a process without privileges cannot remove from it."""


class ModelFolder:
    """The folder of one worker's model.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def open(self, user_id: int | None) -> None:
        """Keep hold of the folder, before anything is mounted over it.

        Args:
            user_id: User and group id that the worker will have; None to keep its own.

        Raises:
            OSError: If it cannot be opened.
        """
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        if user_id is None:
            return
        _give_to_group(self._descriptor, user_id)

    def mount_again(self) -> None:
        """Mount the folder at its path, which another mount hides; nothing happens where it is still there."""
        if self._path.exists():
            return
        with contextlib.suppress(OSError):
            make_open_folders(self._path)
            kernel.mount(f"/proc/self/fd/{self._descriptor}", str(self._path), "", kernel.MS_BIND)
            flags = os.statvfs(self._path).f_flag
            kept = sum(number for flag, number in _KEPT_FLAGS.items() if flags & flag)
            kept |= kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
            kernel.mount("none", str(self._path), "", kernel.MS_REMOUNT | kernel.MS_BIND | kept)

    @property
    def location(self) -> Path:
        """The folder as this process can open it now."""
        descriptor = Path(f"/proc/self/fd/{self._descriptor}")
        is_same = False
        with contextlib.suppress(OSError):
            is_same = os.path.samefile(self._path, descriptor)
        return self._path if is_same else descriptor


def _give_to_group(descriptor: int, group_id: int) -> None:
    """Let a group read a folder and all that it holds."""
    os.fchown(descriptor, -1, group_id)
    os.fchmod(descriptor, 0o750)
    for name in os.listdir(descriptor):
        if stat.S_ISDIR(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
            within = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            try:
                _give_to_group(within, group_id)
            finally:
                os.close(within)
        else:
            os.chown(name, -1, group_id, dir_fd=descriptor)
            os.chmod(name, 0o640, dir_fd=descriptor)


def make_open_folders(path: Path) -> None:
    """Make a folder and those above it that are missing, which every user may pass through.

    Args:
        path: The folder.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(0o711)


def outermost_closed(path: Path) -> Path | None:
    """Return the highest folder above a path that other users may not pass through; None where there is none.

    Args:
        path: The path.
    """
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None
