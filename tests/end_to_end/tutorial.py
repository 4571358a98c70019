"""A page of the documentation as blocks, and a session that runs them as they stand there."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from free_port import free_port

from edgeprof.cli.main import edgeprof as edgeprof_command
from edgeprof.testing import SimulationConfig

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]*) -->\n)?^```(?P<kind>console|python)\n(?P<text>.*?)^```", re.M | re.S
)
_PROMPT = re.compile(r"^(?:host|board)\$ +")
_ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|board|pi4):20763\b")
_SHELL = set("();<>|&")
"""What a word of a command consists of that a shell has to read."""


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Args:
        page: The page's file.
        line: Its first line there.
        kind: `console` or `python`.
        text: What stands between the fences.
        reason: Why it cannot be run; None where it can.
    """

    page: Path
    line: int
    kind: str
    text: str
    reason: str | None

    @property
    def commands(self) -> list[str]:
        """The commands of a console block, without prompts; lines without one are output."""
        joined = self.text.replace("\\\n", " ")
        return [_PROMPT.sub("", line) for line in joined.splitlines() if _PROMPT.match(line)]


def blocks_of(page: Path) -> list[Block]:
    """Return the console and Python blocks of a page, in order."""
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, found.start("text")) + 1, found["kind"], found["text"], found["reason"])
        for found in _BLOCK.finditer(text)
    ]


class Session:
    """Runs blocks in the current folder, with an agent of its own that has the simulated runtime.

    Commands of `edgeprof` run in this process, which has imported PyTorch already; all others in a shell.

    Args:
        folder: Where the agent keeps its data.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, Any] = {}
        self._agents: list[subprocess.Popen[str]] = []
        self._address = ""

    def close(self) -> None:
        """End the agents."""
        for agent in self._agents:
            agent.terminate()
            agent.wait(timeout=10)
            assert agent.stdout is not None
            agent.stdout.close()
        self._agents.clear()

    def run(self, block: Block) -> None:
        """Run a block; a Python block that begins with the name of a file is written into it.

        Raises:
            AssertionError: If a command fails.
        """
        if block.kind == "console":
            for command in block.commands:
                self._run_command(self._placed(command))
            return
        code = self._placed(block.text)
        if named := re.match(r"# (\w+\.py)\n", code):
            Path(named[1]).write_text(code)
        elif "\ndef test_" in code:
            Path("test_of_a_user.py").write_text(code)
            self._run_command("python -m pytest -q -p no:cacheprovider test_of_a_user.py")
        else:
            exec(compile("\n" * block.line + code, str(block.page), "exec"), self._names)

    def _placed(self, text: str) -> str:
        """Return a text with the addresses of this session's agent."""
        return _ADDRESS.sub(self._address or "127.0.0.1:20763", text)

    def _run_command(self, command: str) -> None:
        if re.search(r"\bedgeprof-agent serve\b", command):
            self._serve(command)
            return
        words = _words(command)
        if words[0] == "edgeprof" and not any(set(word) <= _SHELL for word in words):
            done = CliRunner().invoke(edgeprof_command, words[1:])
            assert done.exit_code == 0, f"{command}: {done.output} {done.exception!r}"
            return
        shell = ["bash", "-c", command]
        ended = subprocess.run(shell, capture_output=True, text=True, timeout=100, check=False)
        assert ended.returncode == 0, f"{command}: {ended.stdout} {ended.stderr}"

    def _serve(self, command: str) -> None:
        self.close()
        self._address = f"127.0.0.1:{free_port()}"
        folder = self._folder / f"agent-{len(list(self._folder.glob('agent-*')))}"
        config = self._folder / "simulation.json"
        SimulationConfig().write(config)
        os.environ["EDGEPROF_DEVICE"] = self._address
        os.environ["EDGEPROF_AGENT_DATA_DIR"] = str(folder)
        environment = {
            **os.environ,
            "EDGEPROF_AGENT_LISTEN": self._address,
            "EDGEPROF_AGENT_DISK_RESERVE_BYTES": "0",
            "EDGEPROF_SIMULATION": str(config),
            # Each runtime more is an engine to import before the device is described.
            "EDGEPROF_AGENT_RUNTIMES": "simulated",
        }
        log = self._folder / "agent.log"
        with log.open("w") as log_file:
            agent = subprocess.Popen(
                ["bash", "-c", f"exec env {command}"],
                stdout=subprocess.PIPE,
                stderr=log_file,
                text=True,
                env=environment,
            )
        self._agents.append(agent)
        assert agent.stdout is not None
        assert "listening on" in agent.stdout.readline(), log.read_text()


def _words(command: str) -> list[str]:
    """Split a command as a shell does; what a shell would read, and is not quoted, is a word of its own."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


@contextlib.contextmanager
def session(folder: Path) -> Iterator[Session]:
    """Yield a session whose agents are gone after the block."""
    folder.mkdir(parents=True, exist_ok=True)
    # Commands find the programs of this environment.
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    found = Session(folder)
    try:
        yield found
    finally:
        found.close()
        os.environ["PATH"] = path
