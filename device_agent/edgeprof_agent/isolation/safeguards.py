"""The safeguards of a worker by name, and how a check tells of one."""

from collections.abc import Callable

from edgeprof_proto.records.check import Check, CheckLevel

NETWORK = "worker network"
SCRATCH = "worker scratch folder"
LIMITS = "worker limits"
MEMORY = "worker memory"
USER = "worker user"
PRIVILEGES = "worker privileges"
END = "worker end"
FILES = "worker files"
SYSTEM_CALLS = "worker system calls"

Attempt = Callable[[str], None]
"""Called with the name of a safeguard before its first system call; raises OSError where it must not be tried."""

KERNEL_REMEDY = "update the kernel"


def in_force(name: str, finding: str) -> Check:
    """Return the check of a safeguard that is in force."""
    return Check(name=name, level=CheckLevel.GOOD, finding=finding)


def missing(name: str, finding: str, remedy: str) -> Check:
    """Return the check of a safeguard that is not in force, with the way to get it."""
    return Check(name=name, level=CheckLevel.WARNING, finding=finding, remedy=remedy)


def reason(error: OSError) -> str:
    """Return the reason that the kernel gave."""
    return error.strerror or str(error)
