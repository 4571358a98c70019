"""For which system wheels are gathered: its tags, its markers, and packages of the system that stand in for wheels."""

import dataclasses
import re

from edgeprof.deploying.facts import NEWEST_PYTHON, OLDEST_PYTHON, BoardFacts, Interpreter
from edgeprof.errors import DeployError, InvalidArgumentError

_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
"""Oldest minor version of glibc 2 that wheels are built for; 17 for all others."""

_LEGACY_TAGS = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}

_ARCHITECTURES = ("x86_64", "aarch64", "armv7l", "armv6l", "i686", "riscv64", "ppc64le")

_DEBIAN_12 = {"cffi": "1.15.1", "numpy": "1.24.2"}
"""What Debian 12 and Raspberry Pi OS have where PyPI has no wheel: 32-bit Arm."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WheelTarget:
    """A system that wheels are gathered for.

    Args:
        architecture: `x86_64`, `aarch64`, `armv7l` and others, of its programs rather than its kernel.
        python: Version of its Python, two or three numbers.
        tags: Platform tags of wheels that run there, as pip takes them.
        system_packages: Versions by name of packages of the system that are used instead of wheels.
        is_android: Whether it is Android.
    """

    architecture: str
    python: tuple[int, ...]
    tags: tuple[str, ...]
    system_packages: dict[str, str] = dataclasses.field(default_factory=dict)
    is_android: bool = False

    @property
    def python_text(self) -> str:
        """The version of Python as pip takes it."""
        return ".".join(map(str, self.python[:2]))

    def markers(self) -> dict[str, str]:
        """Return the values of environment markers there, which pip would take from this machine."""
        full = ".".join(map(str, (*self.python, 0)[:3]))
        return {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "posix",
            "platform_machine": self.architecture,
            "platform_python_implementation": "CPython",
            "platform_system": "Android" if self.is_android else "Linux",
            "python_full_version": full,
            "python_version": self.python_text,
            "sys_platform": "android" if self.is_android else "linux",
        }

    @property
    def text(self) -> str:
        """What it is, for messages."""
        system = "android" if self.is_android else "linux"
        return f"{system}-{self.architecture} with Python {self.python_text}"


def target_of(facts: BoardFacts, interpreter: Interpreter) -> WheelTarget:
    """Return what wheels are gathered for a board.

    Args:
        facts: The board.
        interpreter: The Python that its agent will use.

    Raises:
        DeployError: If packages of the system are missing that have no wheels; the text says how to install them.
    """
    machine = facts.machine
    if interpreter.bits == 32:
        machine = {"x86_64": "i686", "aarch64": "armv7l", "armv8l": "armv7l"}.get(machine, machine)
    packages: dict[str, str] = {}
    needed: tuple[str, ...] = ()
    remedy = ""
    if facts.is_termux:
        packages, needed = facts.packages, ("cryptography", "grpcio", "numpy")
        remedy = "pkg install python-grpcio python-cryptography python-numpy"
    elif interpreter.bits == 32:
        packages = {name: facts.packages[name] for name in ("cffi", "numpy") if name in facts.packages}
        needed, remedy = ("cffi",), "sudo apt install python3-cffi python3-numpy"
    if absent := [name for name in needed if name not in packages]:
        raise DeployError(
            f"there are no wheels of {' and '.join(absent)} for {facts.name or machine}, and its own packages are not "
            f"installed: `{remedy}` there, then run this again"
        )
    return WheelTarget(
        architecture=machine,
        python=interpreter.version,
        tags=_tags(machine, facts.libc, facts.libc_version),
        system_packages=packages,
        is_android=facts.is_termux,
    )


def parse_platform(platform: str, python: str) -> WheelTarget:
    """Return what wheels are gathered for a named platform.

    Args:
        platform: `linux-ARCHITECTURE`, with `-glibcX.Y` or `-muslX.Y` where it is not glibc 2.28 (2.36 on 32-bit Arm,
            as Debian 12 has it).
        python: Version of its Python, for example `3.11`.

    Raises:
        InvalidArgumentError: If one of them has another form.
    """
    parts = re.fullmatch(r"linux-([a-z0-9_]+)(?:-(glibc|musl)(\d{1,2})\.(\d{1,3}))?", platform)
    if parts is None or parts[1] not in _ARCHITECTURES:
        raise InvalidArgumentError(
            f"a platform is linux-ARCHITECTURE with one of {', '.join(_ARCHITECTURES)}, and -glibcX.Y or -muslX.Y "
            f"where it is old or another, such as linux-aarch64 or linux-armv7l-glibc2.31; got {platform[:60]!r}"
        )
    version = re.fullmatch(r"(\d)\.(\d{1,2})", python)
    if version is None or not OLDEST_PYTHON <= (number := (int(version[1]), int(version[2]))) <= NEWEST_PYTHON:
        raise InvalidArgumentError(f"the version of Python must be 3.10 to 3.13, got {python[:20]!r}")
    is_arm_32 = parts[1].startswith("armv")
    libc_version = (int(parts[3]), int(parts[4])) if parts[2] else (2, 36 if is_arm_32 else 28)
    return WheelTarget(
        architecture=parts[1],
        python=number,
        tags=_tags(parts[1], parts[2] or "glibc", libc_version),
        system_packages=_DEBIAN_12 if is_arm_32 else {},
    )


def _tags(machine: str, libc: str, version: tuple[int, int]) -> tuple[str, ...]:
    """Return the platform tags that run with a libc, the best first."""
    tags: list[str] = []
    if libc == "glibc":
        for minor in range(version[1], _OLDEST_GLIBC.get(machine, 17) - 1, -1):
            tags.append(f"manylinux_2_{minor}_{machine}")
            if minor in _LEGACY_TAGS:
                tags.append(f"{_LEGACY_TAGS[minor]}_{machine}")
    elif libc == "musl":
        tags += [f"musllinux_{version[0]}_{minor}_{machine}" for minor in range(version[1], -1, -1)]
    return (*tags, f"linux_{machine}")
