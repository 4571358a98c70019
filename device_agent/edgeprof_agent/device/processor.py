"""The processor: its cores, grouped into clusters of equal ones, and the instruction sets of kernel and process."""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.conditions import (
    SYSTEM_ROOT,
    cpufreq_folder,
    read_number,
    read_online_core_indices,
    read_text,
)
from edgeprof_agent.device.arm_cores import arm_core_name
from edgeprof_proto.records.device import Cpu, CpuCluster
from edgeprof_proto.records.job_spec import ALL_CORES

_NARROW_MACHINES = {"x86_64": "i686", "aarch64": "arm", "arm64": "arm", "armv8l": "arm"}
"""What a 32-bit process of a machine computes in, where its kernel is a 64-bit one."""


def read_cpu(root: Path = SYSTEM_ROOT) -> Cpu:
    """Read what the processor is.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The processor; equal cores grouped by their type and highest frequency, fastest first.
    """
    cpuinfo = read_cpuinfo(root)
    core_indices = read_online_core_indices(root) or tuple(
        int(core["processor"]) for core in cpuinfo if core.get("processor", "").isdecimal()
    )
    types = {index: _core_type(index, cpuinfo, root) for index in core_indices}
    clusters: dict[tuple[float | None, str | None], list[int]] = {}
    for index in core_indices:
        frequency_khz = read_number(cpufreq_folder(index, root) / "cpuinfo_max_freq")
        clusters.setdefault((frequency_khz, types[index]), []).append(index)
    fastest_first = sorted(
        clusters.items(), key=lambda item: (item[0][0] or 0.0, _capacity(item[1][0], root)), reverse=True
    )
    names = dict.fromkeys(types[indices[0]] for _, indices in fastest_first)
    return Cpu(
        model=" + ".join(name for name in names if name is not None) or None,
        architecture=platform.machine(),
        process_architecture=process_architecture(platform.machine(), is_64_bit=sys.maxsize > 2**32),
        core_count=len(core_indices) or os.cpu_count() or 1,
        clusters=tuple(
            CpuCluster(
                name=name,
                core_indices=tuple(indices),
                max_frequency_mhz=None if frequency_khz is None else frequency_khz / 1000,
                governor=read_text(cpufreq_folder(indices[0], root) / "scaling_governor"),
            )
            for name, ((frequency_khz, _), indices) in zip(
                cluster_names(len(fastest_first)), fastest_first, strict=True
            )
        ),
    )


def process_architecture(machine: str, *, is_64_bit: bool) -> str:
    """Return the instruction set of this process.

    Args:
        machine: What the kernel calls the machine.
        is_64_bit: Whether this process is a 64-bit one.

    Returns:
        The kernel's name, or that of the 32-bit instruction set where a 32-bit system runs on a 64-bit kernel.
    """
    return machine if is_64_bit else _NARROW_MACHINES.get(machine, machine)


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


def read_cpuinfo(root: Path) -> list[dict[str, str]]:
    """Read the sections of /proc/cpuinfo: one for each core, on Arm sometimes one more for the board."""
    sections = []
    for section in (read_text(root / "proc/cpuinfo") or "").split("\n\n"):
        pairs = (line.partition(":") for line in section.splitlines())
        sections.append({name.strip(): value.strip() for name, _, value in pairs if value.strip()})
    return sections


def _core_type(index: int, cpuinfo: list[dict[str, str]], root: Path) -> str | None:
    """Name the type of one core, from its Main ID Register or from what /proc/cpuinfo tells of it."""
    core = next((item for item in cpuinfo if item.get("processor") == str(index)), {})
    register = _number(read_text(root / f"sys/devices/system/cpu/cpu{index}/regs/identification/midr_el1"))
    if register is not None:
        return arm_core_name(register >> 24 & 0xFF, register >> 4 & 0xFFF)
    # Old 32-bit kernels tell the numbers once, behind all cores.
    numbers = core if "CPU part" in core else _shared_numbers(cpuinfo)
    implementer, part = _number(numbers.get("CPU implementer")), _number(numbers.get("CPU part"))
    if implementer is not None and part is not None:
        return arm_core_name(implementer, part)
    return core.get("model name") or core.get("Model Name") or core.get("uarch")


def _shared_numbers(cpuinfo: list[dict[str, str]]) -> Mapping[str, str]:
    return next((item for item in cpuinfo if "CPU part" in item and "processor" not in item), {})


def _number(text: str | None) -> int | None:
    try:
        return int(text or "", 16)
    except ValueError:
        return None


def _capacity(index: int, root: Path) -> float:
    """Read how much a core computes relative to the strongest, 1024; 0 where not reported."""
    return read_number(root / f"sys/devices/system/cpu/cpu{index}/cpu_capacity") or 0.0
