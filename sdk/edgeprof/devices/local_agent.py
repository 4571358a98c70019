"""An agent on this machine that runs for as long as it is needed."""

import contextlib
import os
import re
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgeprof.errors import LocalAgentError
from edgeprof_predictor._output_files import require_folder

START_TIMEOUT_S = 30.0
"""An agent is ready within a second; a loaded machine may take much longer."""

STOP_TIMEOUT_S = 10.0
"""An agent stops within two seconds; then it is killed."""


class LocalAgent:
    """An agent as a process of this machine.

    Args:
        data_folder: Where the agent keeps models, jobs and its log.
        listen: Address to listen on; port 0 takes any that is free, and keeps it across restarts.
        environment: Variables that the agent gets in addition to this process's own.
    """

    def __init__(
        self,
        data_folder: str | os.PathLike[str],
        *,
        listen: str = "127.0.0.1:0",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.address = listen
        self._data_folder = Path(data_folder)
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the agent and wait until it listens.

        Raises:
            LocalAgentError: If it does not start; the text holds what it printed.
        """
        log = self._data_folder / "agent.log"
        try:
            self._data_folder.mkdir(parents=True, exist_ok=True)
            require_folder(self._data_folder)
        except OSError as error:
            raise LocalAgentError(
                f"the agent on this machine cannot use the folder {self._data_folder} ({error.strerror}): free the "
                "disk, or name another folder"
            ) from error
        arguments = ["serve", "--listen", self.address, "--data-dir", str(self._data_folder)]
        with log.open("w") as log_file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edgeprof_agent", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=self._environment,
                text=True,
                # Ctrl-C in the terminal must reach the host alone, which then stops the agent.
                start_new_session=True,
            )
        announced = re.search(r"listening on (\S+:\d+)", _first_line(self._process))
        if announced is None:
            self.kill()
            said = log.read_text().strip() or "it printed nothing"
            raise LocalAgentError(f"the agent on this machine did not start: {said}")
        self.address = announced.group(1)

    def stop(self) -> None:
        """Stop the agent in order; a job that runs is queued again at the next start."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """End the agent as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@contextlib.contextmanager
def local_agent(data_folder: str | os.PathLike[str]) -> Iterator[str]:
    """Run an agent on this machine inside the block, on any free port.

    Args:
        data_folder: Where the agent keeps models, jobs and its log.

    Yields:
        The agent's address, `host:port`.

    Raises:
        LocalAgentError: If it does not start.
    """
    agent = LocalAgent(data_folder)
    try:
        agent.start()
        yield agent.address
    finally:
        agent.stop()


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline() if selector.select(timeout=START_TIMEOUT_S) else ""
