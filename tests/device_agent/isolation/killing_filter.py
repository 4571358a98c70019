"""Runs Python under a filter that ends a process for some system calls, as Android's does for those off its list.

python killing_filter.py NUMBERS ARGUMENT...      NUMBERS is the calls, divided by commas; the rest is Python's
"""

import os
import sys

from edgeprof_agent.isolation import kernel, seccomp

LANDLOCK = (444, 445, 446)
MOUNT = {"x86_64": (165, 166), "aarch64": (40, 39), "arm": (21, 52)}
SETGROUPS = {"x86_64": (116, 119), "aarch64": (159, 149), "arm": (206, 170)}
"""setgroups and setresgid."""

_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF_0000, 0x8000_0000


def install_killing_filter(numbers: list[int]) -> None:
    program: list[seccomp.Instruction] = [(_LOAD, 0, 0, 0)]
    for number in numbers:
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _KILL_PROCESS)]
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install_program([*program, (_RETURN, 0, 0, _ALLOW)])


def command_under(numbers: tuple[int, ...], *arguments: str) -> tuple[str, ...]:
    """Return the command line of Python with these arguments under the filter."""
    return (sys.executable, __file__, ",".join(map(str, numbers)), *arguments)


if __name__ == "__main__":
    install_killing_filter([int(number) for number in sys.argv[1].split(",")])
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
