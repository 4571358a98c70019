"""Android (Termux): the temperature of the battery.

Programs may not use `dumpsys`, and `termux-battery-status` needs a second app. The kernel's file of the battery needs
neither, where the maker of the phone permits reading it.
"""

from pathlib import Path

from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number
from edgeprof_proto.records.measurement import Temperature

ZONE = "battery"


def read_battery_temperature(root: Path = SYSTEM_ROOT) -> Temperature | None:
    """Read the temperature of the battery, an indicator of the temperature of the whole phone.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The temperature; None where not reported.
    """
    tenths = read_number(root / "sys/class/power_supply/battery/temp")
    return None if tenths is None else Temperature(zone=ZONE, temperature_celsius=tenths / 10)
