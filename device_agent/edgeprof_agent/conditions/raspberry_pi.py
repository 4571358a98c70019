"""What the firmware of a Raspberry Pi tells: under-voltage, and when it lowers its own frequency.

`vcgencmd get_throttled` asks the same firmware for the same number, in a process of its own and only for those who may
open its device; the kernel shows it to everybody as a file.
"""

from pathlib import Path

from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number, read_text

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
        return _read_voltage_alarm(root)
    return tuple(name for bit, name in THROTTLING_FLAGS.items() if bits >> bit & 1)


def _read_voltage_alarm(root: Path) -> tuple[str, ...] | None:
    """Read what a kernel without the Raspberry Pi's own patches tells: under-voltage alone."""
    for folder in (root / "sys/class/hwmon").glob("hwmon*"):
        alarm = read_number(folder / "in0_lcrit_alarm")
        if read_text(folder / "name") == "rpi_volt" and alarm is not None:
            return ("under-voltage",) if alarm else ()
    return None
