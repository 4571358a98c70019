"""Describes one runtime, and ends: whatever importing it does, it does to this process alone.

    python -m edgeprof_agent.runtimes.describe NAME VERSION

VERSION is that of the package that asks, which may run with another interpreter.
The last line on the standard output is a `RuntimeInfo` in JSON, or `null` for a runtime that a device should not list.
"""

import dataclasses
import json
import signal
import sys

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.isolation import kernel
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.device import RuntimeInfo


def describe_runtime(name: str) -> RuntimeInfo | None:
    """Describe a runtime, or say why it cannot be.

    Args:
        name: Name of the runtime.
    """
    try:
        runtime = load_runtime(name)
        description = runtime.describe()
    except RuntimeNotFoundError as error:
        return RuntimeInfo(name=name, unavailable_reason=str(error))
    except Exception as error:
        # A runtime is a stranger's code: what is wrong with it must not reach the others.
        reason = f"the runtime {name!r} failed to describe itself: {type(error).__name__}: {error}"
        return RuntimeInfo(name=name, unavailable_reason=reason)
    if description is not None and description.name != name:
        reason = f"the runtime {name!r} describes itself as {description.name!r}; fix its package"
        return RuntimeInfo(name=name, unavailable_reason=reason)
    if description is None or description.model_formats:
        return description
    return dataclasses.replace(description, model_formats=tuple(runtime.model_formats))


def _of_another_version(name: str, asking: str) -> RuntimeInfo:
    reason = (
        f"edgeprof in the environment of {sys.executable} is {WORKER_VERSION}, the agent is {asking}: install the "
        "agent's version there"
    )
    return RuntimeInfo(name=name, unavailable_reason=reason)


def main() -> int:
    """Describe the runtime that the command line names; see the module's text.

    Returns:
        The exit status.
    """
    try:
        # One that hangs must not outlive the process that waits for it.
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError) as error:
        print(f"this process may outlive its parent: {error}", file=sys.stderr)
    name, *asking = sys.argv[1:]
    description = describe_runtime(name) if asking in ([], [WORKER_VERSION]) else _of_another_version(name, asking[0])
    # A runtime may have printed half a line.
    sys.stdout.write("\n" + json.dumps(None if description is None else to_json(description)) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
