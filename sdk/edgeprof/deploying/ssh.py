"""Commands on a board over the user's own `ssh`, with one connection for all, so that a password is asked for once."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from edgeprof.errors import DeployError, InvalidArgumentError

BOARD_SCRIPT = Path(__file__).with_name("board.sh")

_FAILED_CONNECTION = 255
"""Exit status of ssh itself; a command on the board has a smaller one."""

_IDLE_S = 60
"""Time after which the shared connection closes by itself, in seconds, where this process was killed."""

_LONGEST_SOCKET_FOLDER = 60
"""ssh adds 40 characters to the name of its socket, whose path has 104 at most."""


Send = Callable[[IO[bytes]], None]
"""Writes what a command on the board reads."""


class ConnectionLostError(DeployError):
    """ssh has no connection: nothing can be undone on the board now."""


class Board:
    """A board that is reached by ssh. A context manager.

    Args:
        target: `[user@]host`, or a name in the user's ssh configuration.
        ssh: ssh with options of the user's, as in a shell, for example `ssh -p 8022 -i key`.

    Raises:
        InvalidArgumentError: If the target is none, or there is no such program.
    """

    def __init__(self, target: str, *, ssh: str = "ssh") -> None:
        if not isinstance(target, str) or not re.fullmatch(r"[^\s-]\S*", target):
            raise InvalidArgumentError(f"a board is [USER@]HOST as ssh takes it, got {str(target)[:80]!r}")
        try:
            self._ssh = shlex.split(ssh)
        except ValueError as error:
            raise InvalidArgumentError(f"the command of ssh cannot be read ({error}): {ssh[:200]}") from None
        if not self._ssh or shutil.which(self._ssh[0]) is None:
            raise InvalidArgumentError(f"the program {ssh[:60]!r} is missing here: install OpenSSH's client")
        self.target = target
        self._folder: str | None = None

    def __enter__(self) -> "Board":
        # Windows' ssh cannot share a connection: there each command connects anew.
        if os.name == "posix":
            folder = tempfile.gettempdir()
            self._folder = tempfile.mkdtemp(
                prefix="edgeprof-", dir="/tmp" if len(folder) > _LONGEST_SOCKET_FOLDER else folder
            )
            self._ssh[1:1] = ["-o", "ControlMaster=auto", "-o", f"ControlPath={self._folder}/ssh"]
            self._ssh[1:1] = ["-o", f"ControlPersist={_IDLE_S}"]
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    [*self._ssh, "-O", "exit", self.target],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=10,
                )
            shutil.rmtree(self._folder, ignore_errors=True)

    def host_name(self) -> str:
        """Return the host's name or address after the user's ssh configuration.

        Raises:
            DeployError: If ssh cannot read its configuration.
        """
        done = subprocess.run([*self._ssh, "-G", self.target], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        found = re.search(r"^hostname (\S+)$", done.stdout, re.MULTILINE)
        if found is None:
            raise DeployError(f"ssh does not accept {self.target}: {done.stderr.strip()[:500]}")
        return found[1]

    def run_script(self, *arguments: str, elevate: bool = False, send: Send | None = None) -> str:
        """Run a command of `board.sh` on the board.

        Args:
            arguments: The command and its arguments.
            elevate: Whether it is run through sudo.
            send: Writes what the command reads from its stdin.

        Returns:
            What it printed.

        Raises:
            DeployError: If it fails, or the connection does; the text holds what it said.
        """
        return self.run(["sh", "-c", BOARD_SCRIPT.read_text(encoding="utf-8"), "sh", *arguments], elevate, send)

    def run(self, command: Sequence[str], elevate: bool = False, send: Send | None = None) -> str:
        """Run a command on the board.

        Args:
            command: The command, word by word.
            elevate: Whether it is run through sudo.
            send: Writes what the command reads from its stdin.

        Returns:
            What it printed.

        Raises:
            DeployError: If it fails, or the connection does; the text holds what it said.
        """
        words = [*(("sudo", "-n") if elevate else ()), *command]
        # Files, since the process that keeps the connection open would hold a pipe open too.
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                [*self._ssh, "-T", self.target, shlex.join(words)],
                stdin=subprocess.PIPE if send else subprocess.DEVNULL,
                stdout=printed,
                stderr=complaints,
            )
            try:
                if send is not None and process.stdin is not None:
                    # A board that stops reading says why, on its stderr.
                    with contextlib.suppress(BrokenPipeError), process.stdin:
                        send(process.stdin)
                status = process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            said, complained = _text(printed), _text(complaints)
        if status == _FAILED_CONNECTION:
            reason = complained.rpartition("\n")[2].strip()[-500:] or "no reason given"
            raise ConnectionLostError(
                f"ssh has no connection to {self.target} ({reason}): the same command goes on where it stopped"
            )
        if status:
            raise DeployError(complained[-2_000:] or said[-2_000:] or f"the board ended a command with {status}")
        return said


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace").strip()
