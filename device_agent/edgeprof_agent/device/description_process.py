"""Describes the device in a short-lived process, since that imports the runtimes, which the server must not."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.errors import DeviceDescriptionError
from edgeprof_agent.short_process import ShortProcessError, ask_process
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.device import DeviceDescription

DESCRIBE_COMMAND = (sys.executable, "-m", "edgeprof_agent.device.info")

DESCRIBE_DURATION_S = 60.0
"""Longest duration of the process, in seconds. Importing a runtime from a slow card takes seconds."""


class DeviceDescriber:
    """Describes the device once, at the first request, and keeps the result.

    Args:
        work_dir: Working folder of the process; not the user's, from which Python could import files.
        command: Command line of a process that prints a `DeviceDescription` as JSON on its last line.
    """

    def __init__(self, work_dir: Path, command: Sequence[str] = DESCRIBE_COMMAND) -> None:
        self._work_dir = work_dir
        self._command = command
        self._asking: asyncio.Future[DeviceDescription] | None = None
        self._description: DeviceDescription | None = None

    async def describe(self) -> DeviceDescription:
        """Return the description. All who ask while it is under way share it.

        Raises:
            DeviceDescriptionError: If the process fails; the next call runs it again.
        """
        if self._description is None:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._ask())
                # Nobody may be left to hear how it failed.
                self._asking.add_done_callback(lambda asking: asking.cancelled() or asking.exception())
            # Shielded: it goes on when a caller gives up, and the next one gets what it found.
            self._description = await asyncio.shield(self._asking)
        return self._description

    async def _ask(self) -> DeviceDescription:
        try:
            # Temporary files belong into the agent's folder, and go with the process, however it ends.
            with tempfile.TemporaryDirectory(
                prefix="describe-", dir=self._work_dir, ignore_cleanup_errors=True
            ) as temporary:
                answer = await ask_process(
                    self._command,
                    cwd=self._work_dir,
                    duration_s=DESCRIBE_DURATION_S,
                    environment={**os.environ, "TMPDIR": temporary},
                )
            return from_json(DeviceDescription, answer)
        except (ShortProcessError, OSError, ValueError) as error:
            raise DeviceDescriptionError(f"the device could not be described: {error}") from error
