import struct

import pytest

from edgeprof_agent.isolation.seccomp import build_filter

ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7, "arm": 0x4000_0028}
ALLOWED, REFUSED, UNKNOWN = 0x7FFF_0000, 0x0005_0001, 0x0005_0026
OWN_PID = 4321


def answer(machine: str, number: int, first_argument: int = 0, *, architecture: int | None = None) -> int:
    """Run the filter as the kernel would."""
    data = struct.pack("=iIQ6Q", number, architecture or ARCHITECTURES[machine], 0, first_argument, 0, 0, 0, 0, 0)
    program = build_filter(machine, OWN_PID)
    position, accumulator = 0, 0
    while True:
        code, if_true, if_false, value = program[position]
        position += 1
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x06:
            return value
        else:
            is_true = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
            position += if_true if is_true else if_false


@pytest.mark.parametrize(
    ("machine", "allowed", "refused"),
    [
        # read, openat, mmap, futex, exit_group; socket, ptrace, mount, bpf, execve
        ("x86_64", (0, 257, 9, 202, 231), (41, 101, 165, 321, 59)),
        ("aarch64", (63, 56, 222, 98, 94), (198, 117, 40, 280, 221)),
        ("arm", (3, 322, 192, 240, 248), (281, 26, 21, 386, 11)),
    ],
)
def test_calls_of_a_measurement_pass_and_those_of_an_attacker_do_not(
    machine: str, allowed: tuple[int, ...], refused: tuple[int, ...]
) -> None:
    assert {answer(machine, number) for number in allowed} == {ALLOWED}
    assert {answer(machine, number) for number in refused} == {REFUSED}


@pytest.mark.parametrize(("machine", "clone", "kill"), [("x86_64", 56, 62), ("aarch64", 220, 129), ("arm", 120, 37)])
def test_threads_may_be_started_and_processes_not(machine: str, clone: int, kill: int) -> None:
    assert answer(machine, clone, 0x3D0F00) == ALLOWED
    assert answer(machine, clone, 17) == REFUSED
    assert answer(machine, 435) == UNKNOWN
    assert answer(machine, kill, OWN_PID) == ALLOWED
    assert answer(machine, kill, 1) == REFUSED


def test_calls_of_another_machine_are_unknown() -> None:
    assert answer("x86_64", 3, architecture=0x4000_0003) == UNKNOWN
    assert answer("x86_64", 0x4000_0029) == UNKNOWN


def test_machine_without_a_table_says_so() -> None:
    with pytest.raises(OSError, match="no table of system calls for riscv64"):
        build_filter("riscv64", OWN_PID)
