"""The state of a device at one moment: readers of kernel and firmware files, one module per kind of system.

Each reader takes the root folder of the file tree, so that recorded trees can be read in tests. What is not reported is
None or empty, never a guess. All readers run on every device: a file that exists is read, whatever the board's name.
"""

from pathlib import Path

from edgeprof_agent.conditions import android, jetson, raspberry_pi
from edgeprof_agent.conditions.cooling import read_thermal_limits
from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number, read_text
from edgeprof_agent.conditions.linux import (
    cpufreq_folder,
    read_core_frequencies_mhz,
    read_core_frequency_limits_mhz,
    read_core_throttling_event_counts,
    read_core_wait_ms,
    read_governors,
    read_load_average_1m,
    read_memory_bytes,
    read_online_core_indices,
    read_peak_memory_bytes,
    read_resident_memory_bytes,
    read_temperatures,
    read_thread_cores,
    read_thread_work_ns,
)
from edgeprof_agent.conditions.raspberry_pi import read_throttling_flags
from edgeprof_proto.records.measurement import Conditions, Temperature

__all__ = [
    "SYSTEM_ROOT",
    "cpufreq_folder",
    "hottest_celsius",
    "read_conditions",
    "read_core_frequencies_mhz",
    "read_core_wait_ms",
    "read_flags",
    "read_governors",
    "read_load_average_1m",
    "read_memory_bytes",
    "read_number",
    "read_online_core_indices",
    "read_peak_memory_bytes",
    "read_resident_memory_bytes",
    "read_temperatures",
    "read_text",
    "read_thread_cores",
    "read_thread_work_ns",
]


def read_conditions(root: Path = SYSTEM_ROOT) -> Conditions:
    """Read the state of the device.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The state; a field that is not reported is None or empty.
    """
    flags = read_flags(root)
    core_event_counts = read_core_throttling_event_counts(root)
    other_event_count = jetson.read_throttling_event_count(root)
    has_event_count = bool(core_event_counts) or other_event_count is not None
    frequencies_mhz, limits_mhz = read_core_frequencies_mhz(root), read_core_frequency_limits_mhz(root)
    is_told_by_core = frequencies_mhz or limits_mhz or core_event_counts
    return Conditions(
        temperatures=_all_temperatures(root),
        core_frequencies_mhz=frequencies_mhz,
        governors=read_governors(root),
        throttling_flags=flags or (),
        has_throttling_flags=flags is not None,
        load_average_1m=read_load_average_1m(root),
        available_memory_bytes=read_memory_bytes("MemAvailable", root),
        power_mode=jetson.read_power_mode(root),
        throttling_event_count=sum(core_event_counts) + (other_event_count or 0) if has_event_count else None,
        core_indices=read_online_core_indices(root) if is_told_by_core else (),
        core_frequency_limits_mhz=limits_mhz,
        core_throttling_event_counts=core_event_counts,
    )


def read_flags(root: Path = SYSTEM_ROOT) -> tuple[str, ...] | None:
    """Read what holds the device back now: the firmware's flags and the kernel's cooling.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The flags that are set; None where no source was found that tells of heat.
    """
    firmware, limits = read_throttling_flags(root), read_thermal_limits(root)
    if raspberry_pi.is_raspberry_pi(root) and not limits:
        # There the firmware throttles and not the kernel, whose idle cooling devices say nothing.
        limits = None
    return None if firmware is None and limits is None else (*(firmware or ()), *(limits or ()))


def hottest_celsius(conditions: Conditions) -> float | None:
    """Return the temperature of the hottest zone but the battery's, in degrees Celsius; None where there is none."""
    return max(
        (item.temperature_celsius for item in conditions.temperatures if item.zone != android.ZONE), default=None
    )


def _all_temperatures(root: Path) -> tuple[Temperature, ...]:
    zones = read_temperatures(root)
    battery = android.read_battery_temperature(root)
    if battery is None or any(zone.zone == android.ZONE for zone in zones):
        return zones
    return (*zones, battery)
