"""An agent without a service manager: started here, found again among the processes, stopped in order."""

import os
import selectors
import signal
import subprocess
import time
from pathlib import Path

from edgeprof_agent.errors import InstallError

LOG_FILE = "agent.log"
START_LOG_FILE = "start.log"

_START_S = 120.0
"""Longest wait until an agent listens, in seconds: under emulation an import of gRPC takes many."""

_STOP_S = 20.0
"""Longest wait until an agent has stopped, in seconds; then it is killed."""


def running_agent(folder: Path) -> int | None:
    """Return the process id of the agent that runs from a deployment's folder; None where none runs.

    It is looked up in /proc, since a file with its process id would be missing after a kill at the wrong moment.
    """
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"edgeprof_agent" in words and b"serve" in words and any(w.startswith(os.fsencode(folder)) for w in words):
            return int(process.name)
    return None


def stop_agent(folder: Path) -> bool:
    """Stop the agent that runs from a deployment's folder.

    Returns:
        Whether one was running.
    """
    number = running_agent(folder)
    for how in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _STOP_S
        if (present := running_agent(folder)) is not None:
            os.kill(present, how)
        while running_agent(folder) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
    return number is not None


def start_agent(folder: Path, python: Path, *, listen: str, data_dir: Path) -> None:
    """Start an agent that outlives this process and the session, and wait until it listens.

    Args:
        folder: The folder of the deployment.
        python: Interpreter of its environment.
        listen: Address to listen on.
        data_dir: The agent's data folder.

    Raises:
        InstallError: If it does not start.
    """
    command = [str(python), "-m", "edgeprof_agent", "serve", "--listen", listen, "--data-dir", str(data_dir)]
    with (folder / START_LOG_FILE).open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--log-file", str(folder / LOG_FILE)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd="/",
            start_new_session=True,
        )
    if "listening on" not in _first_line(process):
        process.kill()
        process.wait()
        said = (folder / START_LOG_FILE).read_text(errors="replace").strip()[-1_000:]
        raise InstallError(f"the agent did not start: {said or 'it printed nothing'}")


def _first_line(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    with process.stdout as said, selectors.DefaultSelector() as selector:
        selector.register(said, selectors.EVENT_READ)
        return said.readline().decode(errors="replace") if selector.select(timeout=_START_S) else ""
