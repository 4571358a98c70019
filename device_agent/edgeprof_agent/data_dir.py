"""The agent's data folder: exclusive use, the device id, and files that survive a power cut."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.errors import DataDirError
from edgeprof_proto.shared.plain_file import MAX_AGENT_FILE_BYTES, read_plain_file


@contextlib.contextmanager
def exclusive_data_dir(path: Path) -> Iterator[Path]:
    """Create the folder where it is missing, and lock it against other agents.

    Args:
        path: The folder.

    Yields:
        Its absolute path. The kernel releases the lock when the process ends.

    Raises:
        DataDirError: If the folder cannot be written, or another agent uses it.
    """
    path = path.absolute()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        _give_to_owner_of_folder(path, lock)
    except OSError as error:
        raise DataDirError(
            f"the data folder {path} cannot be written ({error.strerror}); choose another with --data-dir"
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirError(
                f"another agent uses the data folder {path}; stop it, or choose another folder with --data-dir"
            ) from None
        yield path
    finally:
        os.close(lock)


def is_in_use(data_dir: Path) -> bool:
    """Tell whether an agent uses the folder.

    Args:
        data_dir: The agent's folder, which may not exist.
    """
    try:
        lock = os.open(data_dir / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def read_device_id(data_dir: Path) -> str:
    """Return the id of the device, generated at random the first time.

    Args:
        data_dir: The agent's folder.

    Returns:
        32 hexadecimal digits.

    Raises:
        DataDirError: If the file cannot be read.
    """
    path = data_dir / "device_id"
    try:
        content = read_plain_file(path, max_bytes=MAX_AGENT_FILE_BYTES) if path.exists() else b""
    except OSError as error:
        raise DataDirError(f"the id of the device in {path} cannot be read: {error.strerror}") from error
    device_id = content.decode("ascii", errors="replace").strip()
    if not device_id:
        device_id = os.urandom(16).hex()
        write_durably(path, device_id.encode())
    return device_id


def write_durably(path: Path, content: bytes) -> None:
    """Write a small file atomically, readable by its owner only; it survives a power cut whole or not at all.

    Args:
        path: The file.
        content: Its content.
    """
    partial = path.with_name(path.name + ".part")
    # A leftover of a power cut may have other permissions.
    partial.unlink(missing_ok=True)
    with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        _give_to_owner_of_folder(path.parent, file.fileno())
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    rename_durably(partial, path)


def _give_to_owner_of_folder(folder: Path, file: int) -> None:
    """Let the service's user read a file that a command wrote as root."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(file, owner.st_uid, owner.st_gid)


def rename_durably(source: Path, destination: Path) -> None:
    """Rename a file that is already on disk so that the new name survives a power cut.

    Args:
        source: The present name.
        destination: The new name, on the same file system.
    """
    os.replace(source, destination)
    folder = os.open(destination.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
