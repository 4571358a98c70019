"""A process that answers one question on its last line, and is gone: it may import what the server must not."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class ShortProcessError(Exception):
    """The process gave no answer; the text says why."""


async def ask_process(command: Sequence[str], *, cwd: Path, duration_s: float) -> Any:
    """Run a process and read what it printed last. Cancelling the call kills it.

    Args:
        command: Its command line.
        cwd: Folder to run in: not the user's, whose files could be taken for modules.
        duration_s: Time after which it is killed.

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
        # Before it there may be what a runtime printed while it was imported.
        return json.loads(printed.strip().rpartition(b"\n")[2])
    except ValueError as error:
        tail = complaints.decode("utf-8", errors="replace").strip()[-1000:]
        raise ShortProcessError(f"exit code {process.returncode}: {tail or error}") from error
