"""NVIDIA Jetson: the power mode and the over-current events."""

import re
from pathlib import Path

from edgeprof_agent.conditions.files import SYSTEM_ROOT, read_number, read_text


def read_power_mode(root: Path = SYSTEM_ROOT) -> str | None:
    """Read the power mode that `nvpmodel` has set.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Its name, or its number where the configuration has no name for it; None on a system without power modes.
    """
    number = re.search(r"pmode:(\d+)", read_text(root / "var/lib/nvpmodel/status") or "")
    if number is None:
        return None
    modes = re.findall(r"POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)", read_text(root / "etc/nvpmodel.conf") or "")
    names: dict[int, str] = {int(mode): name for mode, name in modes}
    return names.get(int(number[1]), str(int(number[1])))


def read_throttling_event_count(root: Path = SYSTEM_ROOT) -> int | None:
    """Read how often the board has throttled because of over-current since boot.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        The sum over the board's current monitors; None where there are none.
    """
    counts = [read_number(path) for path in (root / "sys/class/hwmon").glob("hwmon*/oc*_event_cnt")]
    known = [count for count in counts if count is not None]
    return int(sum(known)) if known else None
