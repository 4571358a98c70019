"""Linux: temperatures, frequencies, governors, limits, load, memory, and times of this process's threads."""

from pathlib import Path

from edgeprof_agent.conditions.files import SYSTEM_ROOT, number_or_none, read_number, read_text
from edgeprof_proto.records.measurement import Temperature

ABSOLUTE_ZERO_CELSIUS = -273.15

_LAST_CORE_FIELD = 36
"""Place of the core in a thread's `stat`, counted behind the name: the 39th field of the line."""


def read_temperatures(root: Path = SYSTEM_ROOT) -> tuple[Temperature, ...]:
    """Read the thermal zones, in the order of their numbers.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The zones with a physically possible temperature; a sensor that is switched off is left out.
    """
    temperatures = []
    for folder in sorted((root / "sys/class/thermal").glob("thermal_zone*"), key=lambda path: (len(path.name), path)):
        name = read_text(folder / "type")
        millidegrees = read_number(folder / "temp")
        if name is not None and millidegrees is not None and millidegrees / 1000 > ABSOLUTE_ZERO_CELSIUS:
            temperatures.append(Temperature(zone=name, temperature_celsius=millidegrees / 1000))
    return tuple(temperatures)


def read_core_frequencies_mhz(root: Path = SYSTEM_ROOT) -> tuple[float, ...]:
    """Read the present frequency of each online core, in MHz.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        One number for each online core in ascending order; empty unless reported for all of them.
    """
    frequencies_khz = [
        read_number(cpufreq_folder(index, root) / "scaling_cur_freq") for index in read_online_core_indices(root)
    ]
    known = tuple(frequency / 1000 for frequency in frequencies_khz if frequency is not None)
    return known if len(known) == len(frequencies_khz) else ()


def read_governors(root: Path = SYSTEM_ROOT) -> tuple[str, ...]:
    """Read the frequency governor of each online core.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        One name for each online core in ascending order; empty unless reported for all of them.
    """
    governors = [
        read_text(cpufreq_folder(index, root) / "scaling_governor") for index in read_online_core_indices(root)
    ]
    known = tuple(governor for governor in governors if governor is not None)
    return known if len(known) == len(governors) else ()


def read_core_frequency_limits_mhz(root: Path = SYSTEM_ROOT) -> tuple[float, ...]:
    """Read the highest frequency that each online core may run at now, in MHz: the owner's cap, a mode's, or heat's.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        One number for each online core in ascending order; empty unless reported for all of them.
    """
    limits_khz = [
        read_number(cpufreq_folder(index, root) / "scaling_max_freq") for index in read_online_core_indices(root)
    ]
    known = tuple(limit / 1000 for limit in limits_khz if limit is not None)
    return known if len(known) == len(limits_khz) else ()


def read_core_throttling_event_counts(root: Path = SYSTEM_ROOT) -> tuple[int, ...]:
    """Read how often each core of an x86 processor has slowed itself down since the start.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        One number for each online core in ascending order; empty unless the kernel counts for all of them.
    """
    counts = [
        read_number(root / f"sys/devices/system/cpu/cpu{index}/thermal_throttle/core_throttle_count")
        for index in read_online_core_indices(root)
    ]
    known = tuple(int(count) for count in counts if count is not None)
    return known if len(known) == len(counts) else ()


def read_thread_work_ns(root: Path = SYSTEM_ROOT) -> dict[str, int] | None:
    """Read the CPU time of each thread of this process.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Nanoseconds by thread id, for running threads; None where not reported.
    """
    work_ns = {}
    for path in (root / "proc/self/task").glob("*/schedstat"):
        fields = (read_text(path) or "").split()
        if fields and fields[0].isdecimal():
            work_ns[path.parent.name] = int(fields[0])
    return work_ns or None


def read_thread_cores(root: Path = SYSTEM_ROOT) -> dict[str, int]:
    """Read on which core each thread of this process was last.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Logical cores by the thread's number, for those that live; empty where not reported.
    """
    cores = {}
    for path in (root / "proc/self/task").glob("*/stat"):
        # The second field is the thread's name in parentheses, which may hold anything.
        fields = (read_text(path) or "").rpartition(")")[2].split()
        if len(fields) > _LAST_CORE_FIELD and fields[_LAST_CORE_FIELD].isdecimal():
            cores[path.parent.name] = int(fields[_LAST_CORE_FIELD])
    return cores


def read_load_average_1m(root: Path = SYSTEM_ROOT) -> float | None:
    """Read the number of runnable processes, averaged over one minute.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The load average; None where not reported.
    """
    return number_or_none((read_text(root / "proc/loadavg") or "").partition(" ")[0])


def read_memory_bytes(name: str, root: Path = SYSTEM_ROOT) -> int | None:
    """Read one line of /proc/meminfo.

    Args:
        name: Name of the line, for example "MemAvailable".
        root: Root folder of the file tree to read.

    Returns:
        The memory in bytes; None where not reported.
    """
    return _read_kibibytes(root / "proc/meminfo", name)


def read_peak_memory_bytes(root: Path = SYSTEM_ROOT) -> int | None:
    """Read the peak resident memory of this process.

    Not `resource.getrusage`, which includes the memory of the process that started this one.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The memory in bytes; None where not reported.
    """
    return _read_kibibytes(root / "proc/self/status", "VmHWM")


def read_resident_memory_bytes(root: Path = SYSTEM_ROOT) -> int | None:
    """Read the resident memory of this process.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The memory in bytes; None where not reported.
    """
    return _read_kibibytes(root / "proc/self/status", "VmRSS")


def read_core_wait_ms(root: Path = SYSTEM_ROOT) -> float | None:
    """Read the time that the threads of this process have waited for a core since each began.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The sum over the running threads, in milliseconds; None where not reported.
    """
    waits_ns = []
    for path in (root / "proc/self/task").glob("*/schedstat"):
        fields = (read_text(path) or "").split()
        if len(fields) > 1 and fields[1].isdecimal():
            waits_ns.append(int(fields[1]))
    return sum(waits_ns) / 1e6 if waits_ns else None


def read_online_core_indices(root: Path = SYSTEM_ROOT) -> tuple[int, ...]:
    """Read the logical cores that are online.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Their indices, ascending; empty where not reported.
    """
    indices: list[int] = []
    for part in (read_text(root / "sys/devices/system/cpu/online") or "").split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            indices.extend(range(int(first), int(last or first) + 1))
    return tuple(sorted(indices))


def cpufreq_folder(core_index: int, root: Path) -> Path:
    """Return the cpufreq folder of a core, which need not exist.

    Args:
        core_index: Index of the logical core.
        root: Root folder of the file tree to read.
    """
    return root / f"sys/devices/system/cpu/cpu{core_index}/cpufreq"


def _read_kibibytes(path: Path, name: str) -> int | None:
    for line in (read_text(path) or "").splitlines():
        label, _, rest = line.partition(":")
        fields = rest.split()
        if label == name and len(fields) == 2 and fields[0].isdecimal() and fields[1] == "kB":
            return int(fields[0]) * 1024
    return None
