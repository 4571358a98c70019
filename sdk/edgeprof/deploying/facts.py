"""What a board is, as `board.sh look` prints it, and the interpreter that its agent will use."""

import dataclasses
import json
import re
from collections import defaultdict

from edgeprof.errors import DeployError

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)

_PYTHON_PACKAGES = {
    "apt-get": "sudo apt install python3 libpython3-stdlib",
    "dnf": "sudo dnf install python3.11",
    "yum": "sudo yum install python3.11",
    "zypper": "sudo zypper install python311",
    "pacman": "sudo pacman -S python",
    "apk": "sudo apk add python3",
    "opkg": "opkg install python3",
    "pkg": "pkg install python",
}
"""What installs a complete Python, by package manager."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python of the board.

    Args:
        path: Where it is.
        version: Its version, three numbers.
        bits: 32 or 64; a 32-bit system on a 64-bit kernel has 32.
        missing: Modules of its standard library that are not there.
    """

    path: str
    version: tuple[int, int, int]
    bits: int
    missing: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the agent runs with it."""
        return not self.missing and OLDEST_PYTHON <= self.version[:2] <= NEWEST_PYTHON

    @property
    def text(self) -> str:
        """Its version as people write it."""
        return ".".join(map(str, self.version))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BoardFacts:
    """A board.

    Args:
        machine: Its kernel's name of the processor, as `uname -m` prints it.
        libc: `glibc`, `musl`, `bionic`, or empty where it was not found out.
        libc_version: Version of it, two numbers.
        name: Name of the system, for people.
        manager: Its package manager; empty for none that is known.
        is_termux: Whether it is Termux on Android.
        is_root: Whether the user is root.
        sudo: `yes` where sudo asks for no password, `password` where it does, empty without sudo.
        elevates: Whether the deployment is made through sudo.
        service: `system`, `user` or `none`: how the agent is started.
        folder: Folder of the deployment.
        state: `ours` where there is a deployment, `foreign` where the folder holds other files, or empty.
        record: The deployment that is in force; empty for none.
        free_bytes: Free space at the folder; None where it is not known.
        lacks: Programs that are missing.
        interpreters: Its Pythons, the default one first.
        packages: Versions of packages of the system's Python by name.
    """

    machine: str
    libc: str = ""
    libc_version: tuple[int, int] = (0, 0)
    name: str = ""
    manager: str = ""
    is_termux: bool = False
    is_root: bool = False
    sudo: str = ""
    elevates: bool = False
    service: str = "none"
    folder: str = ""
    state: str = ""
    record: dict[str, str] = dataclasses.field(default_factory=dict)
    free_bytes: int | None = None
    lacks: tuple[str, ...] = ()
    interpreters: tuple[Interpreter, ...] = ()
    packages: dict[str, str] = dataclasses.field(default_factory=dict)

    def interpreter(self) -> Interpreter:
        """Return the first Python that the agent runs with.

        Raises:
            DeployError: If there is none; the text says which package to install.
        """
        for interpreter in self.interpreters:
            if interpreter.fits:
                return interpreter
        versions = "3.10 to 3.13"
        remedy = f"`{_PYTHON_PACKAGES[self.manager]}`" if self.manager in _PYTHON_PACKAGES else "install one"
        if self.manager == "apt-get" and any(not one.missing for one in self.interpreters):
            remedy = "upgrade to Debian 12, Ubuntu 22.04 or later, whose own Python fits, or install one"
        found = [
            f"{one.text} without {', '.join(one.missing)}" if one.missing else one.text for one in self.interpreters
        ]
        raise DeployError(
            f"the agent needs Python {versions} with its standard library, and the board "
            f"({self.name or self.machine}) has {'; '.join(found) or 'none'}: {remedy} there, then run this again"
        )


def parse_facts(text: str) -> BoardFacts:
    """Read what `board.sh look` printed.

    Args:
        text: A fact to a line.

    Raises:
        DeployError: If it is no such text.
    """
    facts = defaultdict[str, list[str]](list)
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        facts[name].append(value.strip())
    # A login script may print lines of its own before ours.
    if facts["board"] != ["1"] or not facts["machine"] or not facts["folder"]:
        raise DeployError(f"the board's shell did not answer as a POSIX shell does: {text[:200]!r}")
    if facts["system"] != ["Linux"]:
        raise DeployError(f"the agent runs on Linux and Android; this board has {facts['system'][0][:40]}")

    def first(name: str) -> str:
        return (facts[name] or [""])[0]

    libc, _, version = first("libc").partition(" ")
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return BoardFacts(
        machine=first("machine"),
        libc=libc,
        libc_version=(int(numbers[1]), int(numbers[2])) if numbers else (0, 0),
        name=first("name"),
        manager=first("manager"),
        is_termux=first("termux") == "yes",
        is_root=first("root") == "yes",
        sudo=first("sudo"),
        elevates=first("elevate") == "yes",
        service=first("service"),
        folder=first("folder"),
        state=first("state"),
        record=_record(first("record")),
        free_bytes=int(first("free_kib")) * 1024 if first("free_kib").isdecimal() else None,
        lacks=tuple(facts["lacks"]),
        interpreters=tuple(found for line in facts["python"] if (found := _interpreter(line)) is not None),
        packages={pair[0]: pair[1] for line in facts["package"] if len(pair := line.split()) == 2},
    )


def _record(text: str) -> dict[str, str]:
    try:
        content = json.loads(text)
        return {str(name): str(value) for name, value in content.items()}
    except (ValueError, AttributeError):
        return {}


def _interpreter(line: str) -> Interpreter | None:
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+) (32|64) (\S+) (.+)", line)
    if match is None:
        return None
    return Interpreter(
        path=match[6],
        version=(int(match[1]), int(match[2]), int(match[3])),
        bits=int(match[4]),
        missing=() if match[5] == "-" else tuple(match[5].split(",")),
    )
