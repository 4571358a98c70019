"""An agent on this machine, started for as long as it is needed and gone afterwards."""

import contextlib
import re
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgeprof.errors import LocalAgentError

START_TIMEOUT_S = 30.0
"""An agent is ready within a second; a loaded machine may take much longer."""

STOP_TIMEOUT_S = 10.0
"""An agent stops within two seconds; then it is killed."""


@contextlib.contextmanager
def local_agent(
    data_folder: Path, *, listen: str = "127.0.0.1:0", environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run an agent on this machine inside the block.

    Args:
        data_folder: Where the agent keeps models and jobs.
        listen: Address to listen on; port 0 takes any that is free.
        environment: Environment of the agent; None for this process's own.

    Yields:
        The agent's address, `host:port`.

    Raises:
        LocalAgentError: If it does not come up; the text holds what it said.
    """
    data_folder.mkdir(parents=True, exist_ok=True)
    log = data_folder / "agent.log"
    command = [sys.executable, "-m", "edgeprof_agent", "serve", "--listen", listen, "--data-dir", str(data_folder)]
    with log.open("a") as log_file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log_file,
            env=None if environment is None else dict(environment),
            text=True,
            # Ctrl-C in the terminal is for the host, which then stops the agent in order.
            start_new_session=True,
        )
    try:
        yield _announced_address(process, log)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _announced_address(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        is_ready = bool(selector.select(timeout=START_TIMEOUT_S))
    line = process.stdout.readline() if is_ready else ""
    announced = re.search(r"listening on (\S+:\d+)", line)
    if announced is None:
        said = log.read_text().strip() or "it said nothing"
        raise LocalAgentError(f"the agent on this machine did not start: {said}")
    return announced.group(1)
