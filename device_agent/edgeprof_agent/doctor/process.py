"""The doctor of this device, asked by the server: a short process, since one of its checks imports the runtimes."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import DiagnosisError
from edgeprof_agent.short_process import ShortProcessError, ask_process
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.check import Check

DIAGNOSIS_DURATION_S = 60.0


class Diagnoser:
    """Looks at everything on demand, for one host at a time.

    Args:
        config: What the agent is told.
        data_dir: Its folder, in which the process runs.
    """

    def __init__(self, config: AgentConfig, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._command: Sequence[str] = (
            *(sys.executable, "-m", "edgeprof_agent", "doctor", "--json"),
            *("--data-dir", str(data_dir), "--listen", config.address),
        )
        self._lock = asyncio.Lock()

    async def diagnose(self) -> tuple[Check, ...]:
        """Return what the doctor found.

        Raises:
            DiagnosisError: If it found no answer.
        """
        async with self._lock:
            try:
                answer = await ask_process(self._command, cwd=self._data_dir, duration_s=DIAGNOSIS_DURATION_S)
                return tuple(from_json(Check, check) for check in answer)
            except (ShortProcessError, ValueError, TypeError) as error:
                raise DiagnosisError(f"the device could not be looked at: {error}") from error
