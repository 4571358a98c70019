"""Raspberry Pi: the firmware's flags for under-voltage and throttling.

They are read from the kernel's file, which every user may read. `vcgencmd get_throttled` reads the same flags, but
needs a process and access to a device file.
"""

import contextlib
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

FLAGS_PATTERN = "soc*/soc*:firmware/get_throttled"
"""Where the file lies: in `soc/soc:firmware` up to the Raspberry Pi 4, on the 5 with `soc@107c000000` for `soc`."""


def read_throttling_flags(root: Path = SYSTEM_ROOT) -> tuple[str, ...] | None:
    """Read the throttling flags of the firmware.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Names of the flags that are set; None where not reported. A kernel that tells the voltage alone
        gives "under-voltage" while that is too low, and None otherwise: it does not tell of heat.
    """
    for path in sorted((root / "sys/devices/platform").glob(FLAGS_PATTERN)):
        with contextlib.suppress(ValueError):
            bits = int(read_text(path) or "", 16)
            return tuple(name for bit, name in THROTTLING_FLAGS.items() if bits >> bit & 1)
    return ("under-voltage",) if _is_voltage_alarm_raised(root) else None


def is_raspberry_pi(root: Path = SYSTEM_ROOT) -> bool:
    """Tell whether the device tree is a Raspberry Pi's.

    Args:
        root: Root folder of the file tree to read.
    """
    return (read_text(root / "proc/device-tree/compatible") or "").startswith("raspberrypi,")


def _is_voltage_alarm_raised(root: Path) -> bool:
    """Read what a kernel without the flags still tells: under-voltage alone."""
    return any(
        read_text(folder / "name") == "rpi_volt" and bool(read_number(folder / "in0_lcrit_alarm"))
        for folder in (root / "sys/class/hwmon").glob("hwmon*")
    )
