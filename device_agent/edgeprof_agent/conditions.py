"""The state of a device at one moment: small readers of what the kernel tells in files.

Each reader takes the root folder of the file tree, so that a recorded tree can be read as well. What the system does
not tell is None or empty, never a guess.
"""

from pathlib import Path

from edgeprof_proto.records import Conditions, Temperature

SYSTEM_ROOT = Path("/")

ABSOLUTE_ZERO_CELSIUS = -273.15

THROTTLING_FLAGS = {
    0: "under-voltage",
    1: "frequency-capped",
    2: "throttled",
    3: "soft-temperature-limit",
    16: "under-voltage-has-occurred",
    17: "frequency-capped-has-occurred",
    18: "throttled-has-occurred",
    19: "soft-temperature-limit-has-occurred",
}
"""Bits of the Raspberry Pi firmware's `get_throttled`: 0 to 3 hold now, 16 to 19 have held since the board started.

Source:
    Raspberry Pi documentation, `vcgencmd get_throttled`; the kernel shows the same number as a file.
"""


def read_conditions(root: Path = SYSTEM_ROOT) -> Conditions:
    """Read the state of the device.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The state; a field that the system does not tell is None or empty.
    """
    flags = read_throttling_flags(root)
    return Conditions(
        temperatures=read_temperatures(root),
        core_frequencies_mhz=read_core_frequencies_mhz(root),
        governors=read_governors(root),
        throttling_flags=flags or (),
        has_throttling_flags=flags is not None,
        load_average_1m=read_load_average_1m(root),
        available_memory_bytes=read_memory_bytes("MemAvailable", root),
    )


def read_temperatures(root: Path = SYSTEM_ROOT) -> tuple[Temperature, ...]:
    """Read the thermal zones, in the order of their numbers.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The zones that tell a physical temperature: a sensor that is switched off is left out.
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
        One number for each online core in ascending order; empty unless the kernel tells it for all of them.
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
        One name for each online core in ascending order; empty unless the kernel tells it for all of them.
    """
    governors = [
        read_text(cpufreq_folder(index, root) / "scaling_governor") for index in read_online_core_indices(root)
    ]
    known = tuple(governor for governor in governors if governor is not None)
    return known if len(known) == len(governors) else ()


def read_throttling_flags(root: Path = SYSTEM_ROOT) -> tuple[str, ...] | None:
    """Read the flags that a Raspberry Pi's firmware sets when it lowers its own frequency.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Names of the flags that are set; None on a system that has no such flags.
    """
    text = read_text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    try:
        bits = int(text or "", 16)
    except ValueError:
        return None
    return tuple(name for bit, name in THROTTLING_FLAGS.items() if bits >> bit & 1)


def read_load_average_1m(root: Path = SYSTEM_ROOT) -> float | None:
    """Read the number of runnable processes, averaged over one minute.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The load average; None where the system does not tell it.
    """
    return _number_or_none((read_text(root / "proc/loadavg") or "").partition(" ")[0])


def read_memory_bytes(name: str, root: Path = SYSTEM_ROOT) -> int | None:
    """Read one line of the kernel's memory report.

    Args:
        name: Name of the line, for example "MemAvailable".
        root: Root folder of the file tree to read.

    Returns:
        The memory in bytes; None where the system does not tell it.
    """
    return _read_kibibytes(root / "proc/meminfo", name)


def read_peak_memory_bytes(root: Path = SYSTEM_ROOT) -> int | None:
    """Read the most memory that this process has had resident.

    `resource.getrusage` would not do: it counts the memory of the process that started this one.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The memory in bytes; None where the system does not tell it.
    """
    return _read_kibibytes(root / "proc/self/status", "VmHWM")


def read_core_wait_ms(root: Path = SYSTEM_ROOT) -> float | None:
    """Read how long the threads of this process have waited for a core, since each began.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The sum over the threads that live, in milliseconds; None where the kernel does not count it.
    """
    waits_ns = []
    for path in (root / "proc/self/task").glob("*/schedstat"):
        fields = (read_text(path) or "").split()
        if len(fields) > 1 and fields[1].isdecimal():
            waits_ns.append(int(fields[1]))
    return sum(waits_ns) / 1e6 if waits_ns else None


def read_online_core_indices(root: Path = SYSTEM_ROOT) -> tuple[int, ...]:
    """Read which logical cores are online.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Their indices, ascending; empty where the system does not tell them.
    """
    indices: list[int] = []
    for part in (read_text(root / "sys/devices/system/cpu/online") or "").split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            indices.extend(range(int(first), int(last or first) + 1))
    return tuple(sorted(indices))


def cpufreq_folder(core_index: int, root: Path) -> Path:
    """Return the folder in which the kernel tells the frequency of a core, there or not.

    Args:
        core_index: Index of the logical core.
        root: Root folder of the file tree to read.
    """
    return root / f"sys/devices/system/cpu/cpu{core_index}/cpufreq"


def read_text(path: Path) -> str | None:
    """Read a small file of the kernel.

    Args:
        path: The file.

    Returns:
        Its text without surrounding blanks and zero bytes; None where it is absent, unreadable or empty.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t") or None
    except OSError:
        return None


def read_number(path: Path) -> float | None:
    """Read a small file of the kernel that holds one number.

    Args:
        path: The file.

    Returns:
        The number; None where the file is absent, unreadable or holds something else.
    """
    return _number_or_none(read_text(path) or "")


def _number_or_none(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _read_kibibytes(path: Path, name: str) -> int | None:
    for line in (read_text(path) or "").splitlines():
        label, _, rest = line.partition(":")
        fields = rest.split()
        if label == name and len(fields) == 2 and fields[0].isdecimal() and fields[1] == "kB":
            return int(fields[0]) * 1024
    return None
