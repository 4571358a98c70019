"""Python's version, and the runtimes."""

import sys

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.runtimes.description import describe_runtimes
from edgeprof_agent.runtimes.other_python import parse_pythons
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.records.device import RuntimeInfo

OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON = (3, 13)

_SIMULATED = "simulated"


def software_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check Python and the runtimes, which are imported for it."""
    return (
        check_python(sys.version_info[:2]),
        check_runtimes(describe_runtimes(parse_pythons(config.runtime_python_items))),
    )


def check_python(version: tuple[int, int]) -> Check:
    """Check that this version of Python is supported."""
    finding = f"Python {version[0]}.{version[1]}"
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return Check(name="Python", level=CheckLevel.GOOD, finding=finding)
    return Check(
        name="Python",
        level=CheckLevel.WARNING,
        finding=f"{finding}, which is not supported",
        remedy="use Python 3.10 to 3.13",
    )


def check_runtimes(runtimes: tuple[RuntimeInfo, ...]) -> Check:
    """Check that a runtime other than the simulated one is available."""
    there = [
        f"{runtime.name} {runtime.version}"
        for runtime in runtimes
        if runtime.unavailable_reason is None and runtime.name != _SIMULATED
    ]
    if there:
        return Check(name="runtimes", level=CheckLevel.GOOD, finding=", ".join(there))
    reasons = [f"{runtime.name}: {runtime.unavailable_reason}" for runtime in runtimes if runtime.unavailable_reason]
    return Check(
        name="runtimes",
        level=CheckLevel.TROUBLE,
        finding="; ".join(["no runtime is available", *reasons]),
        remedy="install one for the Python that runs the agent: `pip install 'edgeprof[onnxruntime]'`",
    )
