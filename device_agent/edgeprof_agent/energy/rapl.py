"""RAPL: energy counters of x86 processors, of packages and of their parts.

Since 2020 (CVE-2020-8694) the kernel lets root alone read them.
"""

from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.conditions import read_number, read_text
from edgeprof_agent.energy.sensors import Sensor

MILLIJOULES = 1e-3
"""The files hold microjoules."""

RESOLUTION_MJ = 0.061
"""Energy unit of most processors, 2^-14 J.

Source:
    Intel 64 and IA-32 Architectures Software Developer's Manual, volume 4, MSR_RAPL_POWER_UNIT.
"""

UPDATE_S = 1e-3
"""Time between two updates of a counter, in seconds. Source: as above, volume 3, section 16.10."""

_RANKS = {"psys": 1, "package": 2}
_PART_RANK = 4


def counter_folders(root: Path) -> list[Path]:
    """Return the folders of all counters, readable or not.

    `intel-rapl-mmio` holds the same packages once more.

    Args:
        root: Root folder of the file tree to read.
    """
    return sorted(
        folder for folder in (root / "sys/class/powercap").glob("intel-rapl:*") if (folder / "energy_uj").exists()
    )


def find(root: Path) -> Iterator[Sensor]:
    """Yield the counters.

    Args:
        root: Root folder of the file tree to read.
    """
    for folder in counter_folders(root):
        name = read_text(folder / "name") or folder.name
        parent = folder.with_name(folder.name.rpartition(":")[0])
        is_part = folder.name.count(":") > 1
        whole = f"{read_text(parent / 'name') or parent.name}/" if is_part else ""
        yield Sensor(
            name=f"RAPL {whole}{name}",
            paths=(folder / "energy_uj",),
            factor=MILLIJOULES,
            rank=_PART_RANK if is_part else _RANKS.get(name.partition("-")[0], _PART_RANK),
            is_counter=True,
            wrap_mj=(read_number(folder / "max_energy_range_uj") or 0.0) * MILLIJOULES,
            resolution=RESOLUTION_MJ,
            update_s=UPDATE_S,
        )
