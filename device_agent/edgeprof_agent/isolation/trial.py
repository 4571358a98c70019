"""Tries every safeguard in a child that may die: Android ends a process for system calls that are not on its list.

    python -m edgeprof_agent.isolation.trial REQUEST

REQUEST is JSON: `{"plan": {...}, "model": PATH}`. A child confines itself by the plan. Where it dies, the safeguard
that it was trying is unusable, and another child goes on without that. The last line on the standard output is the
result: `{"unusable": {NAME: REASON}, "checks": [...]}`.
"""

import contextlib
import dataclasses
import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from edgeprof_agent.isolation.confinement import confine
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_proto.record_json import from_json, to_json

CHILD_DURATION_S = 10.0
"""Time after which a child that tries safeguards hangs; it takes a twentieth of a second."""

MAX_CHILD_COUNT = 20
"""Children at most: more than there are safeguards."""


def main() -> int:
    """Try the safeguards of the request on the command line; see the module's text.

    Returns:
        The exit status: 1 where even a child that tries no safeguard any more dies.
    """
    request = json.loads(sys.argv[1])
    plan, model = from_json(IsolationPlan, request["plan"]), Path(request["model"])
    unusable: dict[str, str] = dict(plan.unusable)
    for _ in range(MAX_CHILD_COUNT):
        told, end = _try_in_child(dataclasses.replace(plan, unusable=unusable), model)
        if told and "checks" in told[-1]:
            print(json.dumps({"unusable": unusable, "checks": told[-1]["checks"]}))
            return 0
        tried = [line["attempt"] for line in told if "attempt" in line]
        if not tried or tried[-1] in unusable:
            print(f"a child that was to be confined {end}", file=sys.stderr)
            return 1
        unusable[tried[-1]] = f"the system does not allow it: a process that tried it {end}"
    return 1


def _try_in_child(plan: IsolationPlan, model: Path) -> tuple[list[dict[str, Any]], str]:
    """Confine a child; return the lines that it told, and how it ended."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _be_confined(plan, model, write_end)
    os.close(write_end)
    try:
        told, is_late = _read_until(read_end, time.monotonic() + CHILD_DURATION_S)
    finally:
        os.close(read_end)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if is_late:
        return told, f"was not done with it after {CHILD_DURATION_S:g} s"
    return told, f"was ended by {_signal_name(status)}" if os.WIFSIGNALED(status) else "failed"


def _be_confined(plan: IsolationPlan, model: Path, write_end: int) -> None:
    """Confine this process, tell of each step, and end."""

    def tell(**line: Any) -> None:
        os.write(write_end, json.dumps(line).encode() + b"\n")

    try:
        confinement = confine(plan, model, on_attempt=lambda name: tell(attempt=name))
        # Whatever is in force now, a worker must still be able to read its model.
        confinement.model_path.read_bytes()
        tell(checks=[to_json(check) for check in confinement.checks])
    except BaseException:
        # Whatever it was: the parent sees that no checks came, and which safeguard was tried last.
        traceback.print_exc()
    finally:
        # Also where the traceback cannot be written: a forked child must not go on with its parent's work.
        os._exit(0)


def _read_until(read_end: int, end: float) -> tuple[list[dict[str, Any]], bool]:
    """Return the lines up to the end of the pipe, and whether that was not reached in time."""
    content = b""
    while True:
        ready, _, _ = select.select([read_end], [], [], max(0.0, end - time.monotonic()))
        part = os.read(read_end, 65_536) if ready else b""
        content += part
        if not part:
            lines = content.split(b"\n")[:-1]
            return [json.loads(line) for line in lines], not ready


def _signal_name(status: int) -> str:
    try:
        return signal.Signals(os.WTERMSIG(status)).name
    except ValueError:
        return f"signal {os.WTERMSIG(status)}"


if __name__ == "__main__":
    sys.exit(main())
