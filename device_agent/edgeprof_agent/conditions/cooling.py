"""Cooling devices of the kernel that cool by computing less: what they hold back now."""

import re
from pathlib import Path

from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number, read_text

THERMAL_LIMIT = "thermal-limit"
"""Flag of a cooling device that holds back the processor as a whole, or whose cores the kernel does not name."""

CORE_MARK = "-cores-"
"""Stands between THERMAL_LIMIT and the cores that one cooling device holds back, as in "thermal-limit-cores-4,5"."""

GPU_THERMAL_LIMIT = "thermal-limit-gpu"
DEVFREQ_THERMAL_LIMIT = "thermal-limit-devfreq"
"""A part beside the cores that has a frequency of its own: memory, a bus, an accelerator."""

_FLAGS = {
    "gpu": GPU_THERMAL_LIMIT,
    "devfreq": DEVFREQ_THERMAL_LIMIT,
    **dict.fromkeys(("cpu", "processor", "powerclamp"), THERMAL_LIMIT),
}
"""Parts of the names of cooling devices that cool by computing less, the most special first: the others are fans and
chargers."""

_COOLER_OF_CORE = re.compile(r"cpufreq-cpu(\d+)")
"""Name of a processor's cooling device since Linux 5.12: it cools the frequency policy of this core."""


def read_thermal_limits(root: Path = SYSTEM_ROOT) -> tuple[str, ...] | None:
    """Read what the kernel holds back now to cool the device.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        A flag for each part that is held back; None where the system has no such cooling device.
    """
    flags: dict[str, None] = {}
    is_known = False
    for folder in sorted((root / "sys/class/thermal").glob("cooling_device*")):
        name, state = (read_text(folder / "type") or "").lower(), read_number(folder / "cur_state")
        flag = next((flag for part, flag in _FLAGS.items() if part in name), None)
        if state is None or flag is None:
            continue
        is_known = True
        if state > 0:
            flags[_processor_flag(name, root) if flag == THERMAL_LIMIT else flag] = None
    return tuple(flags) if is_known else None


def limited_cores(flag: str) -> frozenset[int] | None:
    """Return the logical cores that a flag of `read_thermal_limits` is about; None where it names none."""
    prefix, mark, cores = flag.partition(CORE_MARK)
    if prefix != THERMAL_LIMIT or not mark:
        return None
    return frozenset(int(core) for core in cores.split(",") if core.isdecimal())


def _processor_flag(name: str, root: Path) -> str:
    core = _COOLER_OF_CORE.search(name)
    if core is None:
        return THERMAL_LIMIT
    text = read_text(root / f"sys/devices/system/cpu/cpu{core[1]}/cpufreq/related_cpus") or ""
    cores = [part for part in text.replace(",", " ").split() if part.isdecimal()]
    return f"{THERMAL_LIMIT}{CORE_MARK}{','.join(cores)}" if cores else THERMAL_LIMIT
