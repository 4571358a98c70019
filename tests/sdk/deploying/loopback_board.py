"""A board on this machine: a real sshd on loopback, with a home folder of its own, and a folder of wheels for pip."""

import contextlib
import dataclasses
import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from free_port import free_port
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edgeprof.deploying.own_wheel import write_wheel

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or "/usr/sbin/sshd"

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv HOME={home} PATH={path} PYTHONPYCACHEPREFIX= LC_ALL=C.UTF-8 EDGEPROF_AGENT_DISK_RESERVE_BYTES=0
"""


@dataclasses.dataclass(frozen=True)
class LoopbackBoard:
    """A board that is reached by ssh on loopback."""

    target: str
    ssh: str
    home: Path
    folder: Path
    listen: str

    def everything(self) -> list[str]:
        """All that is in its home folder, except for what sshd itself needs."""
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))

    def processes(self) -> list[int]:
        """Processes that run from its folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.fsencode(self.folder) in (process / "cmdline").read_bytes().split(b"\0")[0]:
                    found.append(int(process.name))
        return found

    def lose_power(self) -> None:
        """End all that runs there, what the sessions of ssh have started included; sshd itself is back at once."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if b"HOME=%s" % os.fsencode(self.home) in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)

    def end(self) -> None:
        """End what runs from its folder."""
        for number in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


@contextlib.contextmanager
def loopback_board(folder: Path) -> Iterator[LoopbackBoard]:
    """Run an sshd whose sessions have a home folder and a PATH of their own."""
    home, programs, port = folder / "home", folder / "bin", free_port()
    home.mkdir()
    programs.mkdir()
    # The board's Python is the one that the wheels are for.
    (programs / "python3").symlink_to(os.path.realpath(sys.executable))
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    path = f"{programs}:/usr/bin:/bin"
    (folder / "sshd_config").write_text(CONFIG.format(port=port, folder=folder, home=home, path=path))
    if os.geteuid() == 0:
        # sshd gives up its rights in this folder, which Debian makes when the service starts.
        Path("/run/sshd").mkdir(exist_ok=True, mode=0o755)
    # Of the user's own configuration nothing is read.
    options = ["-F", "/dev/null", "-p", str(port), "-i", str(folder / "user_key"), "-o", "BatchMode=yes"]
    options += ["-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={folder}/known_hosts"]
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
    board = LoopbackBoard(
        target=f"{getpass.getuser()}@127.0.0.1",
        ssh=shlex.join(["ssh", *options]),
        home=home,
        folder=home / "edgeprof",
        listen=f"127.0.0.1:{free_port()}",
    )
    try:
        _wait_for(server, port, folder / "sshd.log")
        yield board
    finally:
        server.terminate()
        server.wait(timeout=10)
        board.end()


def _wait_for(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(200):
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def write_wheels(folder: Path) -> None:
    """Write the wheels of all that an agent without a runtime requires, from what is installed here, and of pip."""
    waiting, seen = ["edgeprof", "pip"], set[str]()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        if name != "edgeprof":
            write_wheel(name, folder, compression=zipfile.ZIP_STORED)
        for requirement in map(Requirement, metadata.requires(name) or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
