"""Describes the device, from files of the kernel and from the installed runtimes.

    python -m edgeprof_agent.device.info [NAME]... [NAME=PYTHON]...        prints one JSON object, a DeviceDescription

It describes the runtimes NAME, by default all that are installed; those with PYTHON live in another environment.
It runs in a process of its own, since describing a runtime imports it. What is not reported is None.
"""

import json
import os
import platform
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.conditions import (
    SYSTEM_ROOT,
    read_memory_bytes,
    read_text,
)
from edgeprof_agent.device.android import read_phone_name, read_property, read_soc_name
from edgeprof_agent.device.processor import read_cpu, read_cpuinfo
from edgeprof_agent.runtimes.description import describe_runtimes
from edgeprof_agent.runtimes.other_python import parse_pythons
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.device import DeviceDescription, ExecutionContext, RuntimeInfo

CONTAINER_MARKS = {"docker": "docker", "kubepods": "kubernetes", "libpod": "podman", "lxc": "lxc"}
"""Parts of the control group's path of process 1, and the container engine that uses them."""


def describe_device(
    root: Path = SYSTEM_ROOT,
    *,
    environment: Mapping[str, str] = os.environ,
    runtimes: tuple[RuntimeInfo, ...] = (),
) -> DeviceDescription:
    """Describe the device.

    Args:
        root: Root folder of the file tree to read.
        environment: Environment of the agent's process.
        runtimes: The descriptions of the runtimes.

    Returns:
        The description.
    """
    is_termux = "com.termux" in environment.get("PREFIX", "")
    return DeviceDescription(
        host_name=socket.gethostname(),
        # On a phone the device tree names the chip's reference board.
        board=read_phone_name(root)
        or read_text(root / "proc/device-tree/model")
        or read_text(root / "sys/class/dmi/id/product_name"),
        soc=read_soc(root),
        cpu=read_cpu(root),
        memory_bytes=read_memory_bytes("MemTotal", root),
        operating_system=_read_operating_system(root, is_termux=is_termux) or platform.system(),
        kernel=f"{platform.system()} {read_text(root / 'proc/sys/kernel/osrelease') or platform.release()}",
        execution_context=ExecutionContext(
            container=read_container(root),
            is_termux=is_termux,
            # Set by systemd for every service.
            is_service="INVOCATION_ID" in environment,
            python_version=platform.python_version(),
            allowed_core_indices=tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else (),
        ),
        runtimes=runtimes,
    )


def read_soc(root: Path = SYSTEM_ROOT) -> str | None:
    """Read the name of the system on a chip.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The name, for example "bcm2711"; None where not reported.
    """
    # From the most specific to the most general: "raspberrypi,4-model-b", "brcm,bcm2711".
    compatible = (read_text(root / "proc/device-tree/compatible") or "").split("\0")[-1].rpartition(",")[2]
    hardware = next((core["Hardware"] for core in read_cpuinfo(root) if "Hardware" in core), None)
    return read_soc_name(root) or compatible or hardware


def read_container(root: Path = SYSTEM_ROOT) -> str | None:
    """Read the container engine in which the process runs.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Name of the engine; None outside a container.
    """
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    named = read_text(root / "run/systemd/container")
    control_groups = read_text(root / "proc/1/cgroup") or ""
    return named or next((engine for mark, engine in CONTAINER_MARKS.items() if mark in control_groups), None)


def _read_operating_system(root: Path, *, is_termux: bool) -> str | None:
    for line in (read_text(root / "etc/os-release") or "").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'") or None
    version = read_property("ro.build.version.release", root)
    return f"Android {version}" if version else ("Android" if is_termux else None)


if __name__ == "__main__":
    named = [argument for argument in sys.argv[1:] if "=" not in argument]
    described = describe_runtimes(parse_pythons(sys.argv[1 + len(named) :]), names=named)
    json.dump(to_json(describe_device(runtimes=described)), sys.stdout)
    sys.stdout.write("\n")
