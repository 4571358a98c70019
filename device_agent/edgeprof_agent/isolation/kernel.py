"""System calls that Python does not wrap; each raises OSError with the kernel's reason."""

import ctypes
import os
import platform
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWNS = 0x0002_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_NOATIME = 0x400
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x4_0000
MS_RELATIME = 0x20_0000

_CAPABILITY_VERSION_3 = 0x2008_0522

_libc = ctypes.CDLL(None, use_errno=True)


def machine() -> str:
    """Return the architecture of this process's system calls: "x86_64", "aarch64", "arm", or the kernel's name."""
    name = platform.machine()
    is_64_bit = sys.maxsize > 2**32
    if name in ("aarch64", "arm64", "armv8l", "armv7l", "armv6l"):
        # A 32-bit system on a 64-bit kernel, as with Raspberry Pi OS, reports the architecture of the kernel.
        return "aarch64" if is_64_bit else "arm"
    return name if is_64_bit else f"{name} (32-bit)"


def prctl(option: int, argument: int) -> None:
    """Call `prctl` with one argument.

    Args:
        option: One of the `PR_` numbers.
        argument: Its argument; the others are 0.

    Raises:
        OSError: If the kernel refuses.
    """
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), *[ctypes.c_ulong(0)] * 3))


def system_call(number: int, *arguments: int) -> int:
    """Make a system call by its number.

    Args:
        number: Its number on this machine.
        arguments: Integers, or addresses as integers.

    Returns:
        What the call returned.

    Raises:
        OSError: If the kernel refuses.
    """
    call = _libc.syscall
    call.restype = ctypes.c_long
    return _checked(call(ctypes.c_long(number), *[ctypes.c_long(argument) for argument in arguments]))


def unshare(flags: int) -> None:
    """Enter new namespaces of the kinds in `flags`.

    Args:
        flags: `CLONE_NEW` numbers.

    Raises:
        OSError: If the kernel refuses.
    """
    _checked(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system.

    Args:
        source: What is mounted.
        target: Where.
        kind: Kind of the file system.
        flags: `MS_` numbers.
        options: Options of the kind.

    Raises:
        OSError: If the kernel refuses.
    """
    texts = (os.fsencode(text) for text in (source, target, kind))
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), options.encode()))


def drop_capabilities() -> None:
    """Give up every capability, also in the bounding set.

    Raises:
        OSError: If the kernel refuses.
    """
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            # Past the last capability, or not permitted; with no_new_privs, none can be regained either way.
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(nothing)))


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
