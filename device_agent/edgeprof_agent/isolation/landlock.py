"""Landlock: limits which files this process, and processes that it starts, can open."""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from edgeprof_agent.isolation import kernel

_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
"""Numbers of the system calls, the same on every architecture."""

_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_TRUNCATE = 1 << 14
_IOCTL_DEV = 1 << 15

_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
"""Rights that a rule on a single file may contain."""

_RIGHT_COUNTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of file rights that each version of the interface supports."""

_NET_RIGHTS = 0b11  # bind and connect over TCP, from version 4 on
_SCOPES = 0b11  # abstract sockets and signals of processes outside, from version 6 on

READ = _EXECUTE | _READ_FILE | _READ_DIR
"""Read, list and execute."""

USE_DEVICE = _READ_FILE | _WRITE_FILE | _READ_DIR | _IOCTL_DEV
"""Read, write and control an existing device file."""

WRITE = 0xFFFF & ~_EXECUTE & ~(1 << 6) & ~(1 << 11)
"""Read, write, create and remove files; not execute, not create device nodes."""


def version() -> int:
    """Return the version of the kernel's interface.

    Raises:
        OSError: If the kernel has none, or it is switched off.
    """
    return kernel.system_call(_CREATE_RULESET, 0, 0, _VERSION_FLAG)


def restrict(granted: Iterable[tuple[Path, int]]) -> int:
    """Deny this thread, and threads and processes that it starts, all files except those granted.

    Args:
        granted: Files and folders, each with the rights on it and everything below it; missing ones are skipped.
            `prctl(PR_SET_NO_NEW_PRIVS)` must have been called.

    Returns:
        The version of the kernel's interface: 4 and later also deny TCP, 6 and later signals to other processes.

    Raises:
        OSError: If the kernel has no Landlock or refuses.
    """
    interface = version()
    handled = (1 << _RIGHT_COUNTS.get(interface, 16)) - 1
    attributes = struct.pack("=QQQ", handled, _NET_RIGHTS if interface >= 4 else 0, _SCOPES if interface >= 6 else 0)
    size = 24 if interface >= 6 else 16 if interface >= 4 else 8
    buffer = ctypes.create_string_buffer(attributes)
    ruleset = kernel.system_call(_CREATE_RULESET, ctypes.addressof(buffer), size, 0)
    try:
        for path, rights in granted:
            _grant(ruleset, path, rights & handled)
        kernel.system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return interface


def _grant(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor))
        kernel.system_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(descriptor)
