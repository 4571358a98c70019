"""The state of a device at one moment: small readers of what each kind of system tells in files.

Each reader takes the root folder of the file tree, so that a recorded tree can be read as well. What the system does
not tell is None or empty, never a guess. All readers look on every device: a file that is there is read, whatever the
board calls itself.
"""

from pathlib import Path

from edgeprof_agent.conditions import android, jetson
from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number, read_text
from edgeprof_agent.conditions.linux import (
    cpufreq_folder,
    read_core_frequencies_mhz,
    read_core_wait_ms,
    read_governors,
    read_limits,
    read_load_average_1m,
    read_memory_bytes,
    read_online_core_indices,
    read_peak_memory_bytes,
    read_temperatures,
    read_thread_work_ns,
    read_throttling_event_count,
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
    "read_governors",
    "read_load_average_1m",
    "read_memory_bytes",
    "read_number",
    "read_online_core_indices",
    "read_peak_memory_bytes",
    "read_temperatures",
    "read_text",
    "read_thread_work_ns",
    "read_throttling_flags",
]


def read_conditions(root: Path = SYSTEM_ROOT) -> Conditions:
    """Read the state of the device.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The state; a field that the system does not tell is None or empty.
    """
    firmware, limits, power_mode = read_throttling_flags(root), read_limits(root), jetson.read_power_mode(root)
    if limits is not None and power_mode is not None:
        # A power mode limits the frequency because somebody chose it, and is reported as itself.
        limits = tuple(flag for flag in limits if flag != "frequency-limit")
    event_counts = [read_throttling_event_count(root), jetson.read_throttling_event_count(root)]
    known_event_counts = [count for count in event_counts if count is not None]
    return Conditions(
        temperatures=_all_temperatures(root),
        core_frequencies_mhz=read_core_frequencies_mhz(root),
        governors=read_governors(root),
        throttling_flags=(*(firmware or ()), *(limits or ())),
        has_throttling_flags=firmware is not None or limits is not None,
        load_average_1m=read_load_average_1m(root),
        available_memory_bytes=read_memory_bytes("MemAvailable", root),
        power_mode=power_mode,
        throttling_event_count=sum(known_event_counts) if known_event_counts else None,
    )


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
