"""What a device is: read from the files of the kernel and from the runtimes that are installed.

    python -m edgeprof_agent.device.info        prints one JSON object, a DeviceDescription

It runs in a process of its own, since asking a runtime means importing it. What the system does not tell is None.
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
    cpufreq_folder,
    read_memory_bytes,
    read_number,
    read_online_core_indices,
    read_text,
)
from edgeprof_agent.runtimes.registry import describe_runtimes
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.device import Cpu, CpuCluster, DeviceDescription, ExecutionContext, RuntimeInfo
from edgeprof_proto.records.job_spec import ALL_CORES

ARM_CORES = {
    "0xc07": "Cortex-A7",
    "0xc08": "Cortex-A8",
    "0xc09": "Cortex-A9",
    "0xc0d": "Cortex-A17",
    "0xc0f": "Cortex-A15",
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1",
    "0xd0d": "Cortex-A77",
    "0xd40": "Neoverse-V1",
    "0xd41": "Cortex-A78",
    "0xd42": "Cortex-A78AE",
    "0xd44": "Cortex-X1",
    "0xd46": "Cortex-A510",
    "0xd47": "Cortex-A710",
    "0xd48": "Cortex-X2",
    "0xd49": "Neoverse-N2",
    "0xd4d": "Cortex-A715",
    "0xd4e": "Cortex-X3",
    "0xd80": "Cortex-A520",
    "0xd81": "Cortex-A720",
    "0xd82": "Cortex-X4",
}
"""Names of Arm's own cores by the part number in their Main ID Register; the kernel tells no more than the number."""

ARM_IMPLEMENTER = "0x41"

CONTAINER_MARKS = {"docker": "docker", "kubepods": "kubernetes", "libpod": "podman", "lxc": "lxc"}
"""What the path of the first process' control group holds, and the engine that puts it there."""


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
        runtimes: What the runtimes say of themselves.

    Returns:
        The description.
    """
    is_termux = "com.termux" in environment.get("PREFIX", "")
    return DeviceDescription(
        host_name=socket.gethostname(),
        board=read_text(root / "proc/device-tree/model") or read_text(root / "sys/class/dmi/id/product_name"),
        soc=read_soc(root),
        cpu=read_cpu(root),
        memory_bytes=read_memory_bytes("MemTotal", root),
        operating_system=_read_operating_system(root) or ("Android" if is_termux else platform.system()),
        kernel=f"{platform.system()} {read_text(root / 'proc/sys/kernel/osrelease') or platform.release()}",
        execution_context=ExecutionContext(
            container=read_container(root),
            is_termux=is_termux,
            # systemd gives every start of a service an id.
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
        The name as the system writes it, for example "bcm2711"; None where it does not tell one.
    """
    # From the most special to the most general: "raspberrypi,4-model-b", "brcm,bcm2711".
    compatible = (read_text(root / "proc/device-tree/compatible") or "").split("\0")[-1].rpartition(",")[2]
    return compatible or next((core["Hardware"] for core in _read_cpuinfo(root) if "Hardware" in core), None)


def read_cpu(root: Path = SYSTEM_ROOT) -> Cpu:
    """Read what the processor is.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The processor; equal cores grouped by their highest frequency, fastest first.
    """
    cpuinfo = _read_cpuinfo(root)
    core_indices = read_online_core_indices(root) or tuple(
        int(core["processor"]) for core in cpuinfo if core.get("processor", "").isdecimal()
    )
    clusters: dict[float | None, list[int]] = {}
    for index in core_indices:
        clusters.setdefault(read_number(cpufreq_folder(index, root) / "cpuinfo_max_freq"), []).append(index)
    fastest_first = sorted(clusters.items(), key=lambda item: item[0] or 0.0, reverse=True)
    return Cpu(
        model=_cpu_model(cpuinfo, [indices[0] for _, indices in fastest_first]),
        architecture=platform.machine(),
        core_count=len(core_indices) or os.cpu_count() or 1,
        clusters=tuple(
            CpuCluster(
                name=name,
                core_indices=tuple(indices),
                max_frequency_mhz=None if frequency_khz is None else frequency_khz / 1000,
                governor=read_text(cpufreq_folder(indices[0], root) / "scaling_governor"),
            )
            for name, (frequency_khz, indices) in zip(cluster_names(len(fastest_first)), fastest_first, strict=True)
        ),
    )


def cluster_names(count: int) -> tuple[str, ...]:
    """Name the clusters of a processor, fastest first.

    Args:
        count: How many there are.

    Returns:
        "all" for one; "big" and "little" for two; "prime" before them where there are three, and "big-2" and so on
        between where there are more.
    """
    if count <= 1:
        return (ALL_CORES,) * count
    middle = tuple("big" if number == 1 else f"big-{number}" for number in range(1, count - 1))
    return ("big", "little") if count == 2 else ("prime", *middle, "little")


def read_container(root: Path = SYSTEM_ROOT) -> str | None:
    """Read which container engine the process runs under.

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


def _read_operating_system(root: Path) -> str | None:
    for line in (read_text(root / "etc/os-release") or "").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'") or None
    return None


def _read_cpuinfo(root: Path) -> list[dict[str, str]]:
    """Read the sections of /proc/cpuinfo: one for each core, on Arm sometimes one more for the board."""
    sections = []
    for section in (read_text(root / "proc/cpuinfo") or "").split("\n\n"):
        pairs = (line.partition(":") for line in section.splitlines())
        sections.append({name.strip(): value.strip() for name, _, value in pairs if value.strip()})
    return sections


def _cpu_model(cpuinfo: list[dict[str, str]], core_indices: list[int]) -> str | None:
    """Name the core type of each cluster, given one core of each."""
    by_index = {core.get("processor"): core for core in cpuinfo}
    names = [_core_name(by_index.get(str(index), {})) for index in core_indices]
    return " + ".join(dict.fromkeys(name for name in names if name is not None)) or None


def _core_name(core: Mapping[str, str]) -> str | None:
    if core.get("CPU implementer") == ARM_IMPLEMENTER and core.get("CPU part") in ARM_CORES:
        return ARM_CORES[core["CPU part"]]
    return core.get("model name")


if __name__ == "__main__":
    json.dump(to_json(describe_device(runtimes=describe_runtimes())), sys.stdout)
    sys.stdout.write("\n")
