"""A seccomp filter: system calls that an attacker needs and a measurement does not are refused with EPERM.

The filter is a deny list: engines and drivers may use any other call, and an allow list that is too narrow would make
them fail in ways that are hard to diagnose. Numbers are from the kernel's tables for each architecture.
"""

import ctypes
import errno
import os
import struct

from edgeprof_agent.isolation import kernel

_AUDIT_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7, "arm": 0x4000_0028}

_MACHINES = ("x86_64", "aarch64", "arm")

_NEW_CALLS = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
}
"""Refused; the same number on every architecture."""

_CALLS = {
    # Network.
    "socket": (41, 198, 281),
    # Starting programs, and leaving the process group that is killed with the worker.
    "execve": (59, 221, 11),
    "execveat": (322, 281, 387),
    "fork": (57, None, 2),
    "vfork": (58, None, 190),
    "setsid": (112, 157, 66),
    "setpgid": (109, 154, 57),
    # Other processes.
    "ptrace": (101, 117, 26),
    "process_vm_readv": (310, 270, 376),
    "process_vm_writev": (311, 271, 377),
    "kcmp": (312, 272, 378),
    "tkill": (200, 130, 238),
    "rt_sigqueueinfo": (129, 138, 178),
    "rt_tgsigqueueinfo": (297, 240, 363),
    # Namespaces and file systems.
    "unshare": (272, 97, 337),
    "setns": (308, 268, 375),
    "mount": (165, 40, 21),
    "umount2": (166, 39, 52),
    "pivot_root": (155, 41, 218),
    "chroot": (161, 51, 61),
    "open_by_handle_at": (304, 265, 371),
    "quotactl": (179, 60, 131),
    "swapon": (167, 224, 87),
    "swapoff": (168, 225, 115),
    "acct": (163, 89, 51),
    # Parts of the kernel with many vulnerabilities.
    "keyctl": (250, 219, 311),
    "add_key": (248, 217, 309),
    "request_key": (249, 218, 310),
    "bpf": (321, 280, 386),
    "perf_event_open": (298, 241, 364),
    "userfaultfd": (323, 282, 388),
    # The system as a whole: modules, reboot, clock, ports.
    "init_module": (175, 105, 128),
    "finit_module": (313, 273, 379),
    "delete_module": (176, 106, 129),
    "kexec_load": (246, 104, 347),
    "kexec_file_load": (320, 294, 401),
    "reboot": (169, 142, 88),
    "syslog": (103, 116, 103),
    "sethostname": (170, 161, 74),
    "settimeofday": (164, 170, 79),
    "clock_settime": (227, 112, 262),
    "clock_settime64": (None, None, 404),
    "clock_adjtime": (305, 266, 372),
    "adjtimex": (159, 171, 124),
    "iopl": (172, None, None),
    "ioperm": (173, None, None),
}
"""Refused: number on x86_64, aarch64 and 32-bit arm; None where the architecture has no such call."""

_CLONE = (56, 220, 120)
_CLONE3 = 435
_CLONE_THREAD = 0x1_0000

_OWN_PROCESS_CALLS = {"kill": (62, 129, 37), "tgkill": (234, 131, 268)}
"""Allowed on this process only."""

_OWN_OR_ZERO_CALLS = {"prlimit64": (302, 261, 369)}
"""Allowed on this process only, given as its pid or as 0."""

_SECCOMP = (317, 277, 383)
_SET_MODE_FILTER = 1
_SPEC_ALLOW = 1 << 2

_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _FIRST_ARGUMENT_OFFSET = 0, 4, 16

_ALLOW = 0x7FFF_0000
_REFUSE = 0x0005_0000 | errno.EPERM
_UNKNOWN = 0x0005_0000 | errno.ENOSYS

_X32_BIT = 0x4000_0000

Instruction = tuple[int, int, int, int]


def build_filter(machine: str, process_id: int) -> list[Instruction]:
    """Build the filter as instructions of the kernel's classic BPF.

    Args:
        machine: "x86_64", "aarch64" or "arm".
        process_id: The process that may send itself signals.

    Returns:
        Code, jump if true, jump if false, and value of each instruction.

    Raises:
        OSError: If the numbers of this architecture are not known.
    """
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
    column = _MACHINES.index(machine)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCHITECTURES[machine]),
        # Calls of another architecture, such as 32-bit ones, have other numbers.
        (_RETURN, 0, 0, _UNKNOWN),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if machine == "x86_64":
        program += [(_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT), (_RETURN, 0, 0, _UNKNOWN)]
    # On ENOSYS the C library falls back to clone, whose flags a filter can read.
    program += _when(_CLONE3, [(_RETURN, 0, 0, _UNKNOWN)])
    is_thread = [(_JUMP_SET, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    program += _when(_CLONE[column], [(_LOAD, 0, 0, _FIRST_ARGUMENT_OFFSET), *is_thread])
    for calls, targets in ((_OWN_PROCESS_CALLS, (process_id,)), (_OWN_OR_ZERO_CALLS, (process_id, 0))):
        for numbers in calls.values():
            check: list[Instruction] = [(_LOAD, 0, 0, _FIRST_ARGUMENT_OFFSET)]
            for target in targets:
                check += [(_JUMP_EQUAL, 0, 1, target), (_RETURN, 0, 0, _ALLOW)]
            program += _when(numbers[column], [*check, (_RETURN, 0, 0, _REFUSE)])
    refused = [*_NEW_CALLS.values(), *(numbers[column] for numbers in _CALLS.values())]
    for number in refused:
        if number is not None:
            program += _when(number, [(_RETURN, 0, 0, _REFUSE)])
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def install() -> None:
    """Install the filter for this thread and every thread that it starts; it cannot be removed.

    `prctl(PR_SET_NO_NEW_PRIVS)` must have been called.

    Raises:
        OSError: If the kernel does not support the filter or refuses it, or the architecture is not known.
    """
    install_program(build_filter(kernel.machine(), os.getpid()))


def install_program(program: list[Instruction]) -> None:
    """Install a filter over this thread and those that it starts.

    Args:
        program: The instructions, as `build_filter` returns them.

    Raises:
        OSError: If the kernel has no such filters or refuses, or the machine is not known.
    """
    machine = kernel.machine()
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    # struct sock_fprog: a length and an address.
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    call = _SECCOMP[_MACHINES.index(machine)]
    try:
        # Without the flag, kernels before 5.16 enable a slow Spectre mitigation for this process.
        kernel.system_call(call, _SET_MODE_FILTER, _SPEC_ALLOW, ctypes.addressof(header))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        kernel.system_call(call, _SET_MODE_FILTER, 0, ctypes.addressof(header))


def _when(number: int, instructions: list[Instruction]) -> list[Instruction]:
    """Return instructions that run only for one call; they must end in a return."""
    return [(_JUMP_EQUAL, 0, len(instructions), number), *instructions]
