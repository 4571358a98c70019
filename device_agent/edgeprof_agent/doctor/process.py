"""Runs `edgeprof-agent doctor` for the server, in a process of its own since it imports the runtimes."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import DiagnosisError
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_agent.short_process import ShortProcessError, ask_process
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.check import Check

DIAGNOSIS_DURATION_S = 60.0


class Diagnoser:
    """Runs the checks on demand, one run at a time.

    Args:
        config: Configuration of the agent.
        data_dir: The agent's folder, in which the process runs.
        quiet_window: The checks run between two timed blocks.
    """

    def __init__(self, config: AgentConfig, data_dir: Path, quiet_window: QuietWindow) -> None:
        self._data_dir = data_dir
        self._quiet_window = quiet_window
        self._command: Sequence[str] = (
            *(sys.executable, "-m", "edgeprof_agent", "doctor", "--json"),
            *("--data-dir", str(data_dir), "--listen", config.address),
            *(f"--runtime={name}" for name in config.runtime_names),
            *(f"--runtime-python={item}" for item in config.runtime_python_items),
        )
        self._lock = asyncio.Lock()

    async def diagnose(self) -> tuple[Check, ...]:
        """Return the checks.

        Raises:
            DiagnosisError: If the process failed.
        """
        async with self._lock, self._quiet_window.disturbing():
            try:
                answer = await ask_process(self._command, cwd=self._data_dir, duration_s=DIAGNOSIS_DURATION_S)
                return tuple(from_json(Check, check) for check in answer)
            except (ShortProcessError, ValueError, TypeError) as error:
                raise DiagnosisError(f"the checks of the device failed: {error}") from error
