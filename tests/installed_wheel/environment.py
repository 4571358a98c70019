"""A virtual environment that the wheel is installed in, used from outside."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel, and the folder that its commands work in."""

    folder: Path
    work_folder: Path

    def command(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def variables(self) -> dict[str, str]:
        """The caller's variables, except those that lead to its own packages, settings and files."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("EDGEPROF_", "PYTEST_", "PYTHON", "XDG_", "VIRTUAL_ENV"))
        }
        return kept | {
            "HOME": str(self.work_folder),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONNOUSERSITE": "1",
        }

    def run(self, name: str, *arguments: str | Path, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run an installed command to its end, outside the checkout."""
        return subprocess.run(
            [self.command(name), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=self.work_folder,
            env=self.variables(),
            timeout=timeout_s,
            check=False,
        )

    def json(self, name: str, *arguments: str | Path) -> Any:
        """Run an installed command that prints JSON; returns that."""
        done = self.run(name, *arguments, timeout_s=240)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def python(self, program: str, *arguments: str) -> str:
        """Run a program with the environment's Python; returns what it prints."""
        done = self.run("python", "-c", program, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def distributions(self) -> set[str]:
        """Names of what is installed, in lower case."""
        names = self.python(
            "from importlib.metadata import distributions; print(*(d.metadata['Name'] for d in distributions()))"
        )
        return set(names.lower().split())

    def imported_modules(self, packages: Sequence[str], *, without: Sequence[str] = ()) -> list[str]:
        """Import every module of some packages in one process; returns their names."""
        program = (
            "import importlib, pkgutil, sys\n"
            "without = sys.argv[1].split()\n"
            "for name in sys.argv[2:]:\n"
            "    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f'{name}.'):\n"
            "        if module.name not in without and not module.name.endswith('.__main__'):\n"
            "            print(importlib.import_module(module.name).__name__)\n"
        )
        return self.python(program, " ".join(without), *packages).split()


@contextlib.contextmanager
def serving(environment: Environment) -> Iterator[str]:
    """Run the environment's agent on a free port; it must end in order when asked to."""
    arguments = ("serve", "--listen", "127.0.0.1:0", "--data-dir", str(environment.work_folder / "data"))
    process = subprocess.Popen(
        [environment.command("edgeprof-agent"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=environment.work_folder,
        env=environment.variables(),
    )
    assert process.stdout is not None
    try:
        announced = re.fullmatch(r"edgeprof-agent \S+ listening on (127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert announced is not None
        yield announced.group(1)
    finally:
        process.terminate()
        status = process.wait(timeout=10)
        process.stdout.close()
    assert status == 0
