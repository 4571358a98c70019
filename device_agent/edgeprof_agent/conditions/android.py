"""What Android lets a program in Termux read beyond Linux: the battery's temperature.

`dumpsys` is closed to programs and `termux-battery-status` needs a second app; the battery's own file needs neither,
where the phone's maker lets programs read it.
"""

from pathlib import Path

from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number
from edgeprof_proto.records.measurement import Temperature

ZONE = "battery"


def read_battery_temperature(root: Path = SYSTEM_ROOT) -> Temperature | None:
    """Read the temperature of the battery, which tells how warm a phone is as a whole.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The temperature; None where the system does not tell it.
    """
    tenths = read_number(root / "sys/class/power_supply/battery/temp")
    return None if tenths is None else Temperature(zone=ZONE, temperature_celsius=tenths / 10)
