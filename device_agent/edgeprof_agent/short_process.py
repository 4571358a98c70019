"""Runs a short-lived process that prints JSON on its last line, for work that must not be imported by the server."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class ShortProcessError(Exception):
    """The process failed; the message says why."""


async def ask_process(
    command: Sequence[str], *, cwd: Path, duration_s: float, environment: Mapping[str, str] | None = None
) -> Any:
    """Run a process and parse its last line. Cancelling the call kills the process.

    Args:
        command: Its command line.
        cwd: Working folder; not the user's, from which Python could import files.
        duration_s: Time after which it is killed, in seconds.
        environment: Its environment variables; None for those of this process.

    Returns:
        The JSON on its last line.

    Raises:
        ShortProcessError: If it takes too long or prints no JSON.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=environment,
    )
    try:
        printed, complaints = await asyncio.wait_for(process.communicate(), duration_s)
    except asyncio.TimeoutError:
        raise ShortProcessError(f"it took over {duration_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        # Earlier lines may be output of a runtime that was imported.
        return json.loads(printed.strip().rpartition(b"\n")[2])
    except ValueError as error:
        tail = complaints.decode("utf-8", errors="replace").strip()[-1000:]
        raise ShortProcessError(f"exit code {process.returncode}: {tail or error}") from error
