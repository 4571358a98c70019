"""Python's version, and the runtimes."""

import sys
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.config import MIB, AgentConfig
from edgeprof_agent.isolation.runtime_needs import grant_needs
from edgeprof_agent.runtimes.description import describe_runtimes
from edgeprof_agent.runtimes.other_python import parse_pythons
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.records.device import RuntimeInfo

OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON = (3, 13)

RUNTIME_EXTRAS = ("onnxruntime", "openvino", "litert", "tflite", "ncnn")
"""Extras of edgeprof that bring a runtime."""

_SIMULATED = "simulated"


def software_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check Python and the runtimes, which are imported for it, and what they need of the device."""
    runtimes = describe_runtimes(parse_pythons(config.runtime_python_items), names=config.runtime_names)
    needing = [runtime for runtime in runtimes if runtime.needs is not None]
    needs = (check_needs(needing, config.data_dir),) if needing else ()
    return (check_python(sys.version_info[:2]), check_runtimes(runtimes, offered=config.runtime_names), *needs)


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


def check_runtimes(runtimes: tuple[RuntimeInfo, ...], *, offered: Sequence[str] = ()) -> Check:
    """Check that a runtime other than the simulated one is available.

    Args:
        runtimes: The runtimes that were looked for.
        offered: Names of the only ones that the agent may offer; empty for all that are installed.
    """
    there = [
        f"{runtime.name} {runtime.version}"
        for runtime in runtimes
        if runtime.unavailable_reason is None and runtime.name != _SIMULATED
    ]
    if there:
        return Check(name="runtimes", level=CheckLevel.GOOD, finding=", ".join(there))
    reasons = [f"{runtime.name}: {runtime.unavailable_reason}" for runtime in runtimes if runtime.unavailable_reason]
    remedy = (
        "install one for the Python that runs the agent, with an extra of edgeprof: "
        f"`pip install 'edgeprof[EXTRA]'`, EXTRA one of {', '.join(RUNTIME_EXTRAS)}"
    )
    if offered:
        remedy += f"; the agent offers only {', '.join(offered)}: add `--runtime NAME` for another, or omit it for all"
    return Check(
        name="runtimes",
        level=CheckLevel.TROUBLE,
        finding="; ".join(["no runtime is available", *reasons]),
        remedy=remedy,
    )


def check_needs(runtimes: Sequence[RuntimeInfo], data_dir: Path) -> Check:
    """Show what runtimes declare to need of the device, and what of it their workers do not get.

    Args:
        runtimes: Runtimes that need something.
        data_dir: The agent's folder.
    """
    findings, problems = [], []
    for runtime in runtimes:
        granted = grant_needs(runtime.needs, data_dir)
        memory_bytes = None if runtime.needs is None else runtime.needs.memory_bytes
        words = [
            *(f"uses {node}" for node in granted.device_nodes),
            *(f"writes into {folder}" for folder in granted.writable_folders),
            *([] if memory_bytes is None else [f"takes {memory_bytes / MIB:.0f} MiB beside the model"]),
        ]
        missing = [f"{node} (not there)" for node in granted.device_nodes if not Path(node).exists()]
        problems += [f"{runtime.name} does not get {what}" for what in (*granted.refused, *missing)]
        if words:
            findings.append(f"{runtime.name} {', '.join(words)}")
    return Check(
        name="runtime needs",
        level=CheckLevel.WARNING if problems else CheckLevel.GOOD,
        finding="; ".join([*problems, *findings]) or "nothing that is reported",
        remedy="load the driver of the accelerator, make the folder, or leave the runtime out" if problems else "",
    )
