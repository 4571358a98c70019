"""The gauge of a battery that is being discharged: what the whole device takes, coarsely."""

from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.conditions import read_text
from edgeprof_agent.energy.sensors import Sensor

MJ_PER_UWH = 3.6

COUNTER_STEP_MJ = 10_000 * MJ_PER_UWH
"""Step of most gauges that count energy, 10 mWh, in millijoules."""

COUNTER_UPDATE_S = 1.0

_RANK = 5


def find(root: Path) -> Iterator[Sensor]:
    """Yield the gauge of each battery: its power, current times voltage, or else the energy that is left.

    Args:
        root: Root folder of the file tree to read.
    """
    for folder in sorted((root / "sys/class/power_supply").glob("*")):
        is_of_peripheral = read_text(folder / "scope") == "Device"
        if read_text(folder / "type") != "Battery" or is_of_peripheral or read_text(folder / "status") != "Discharging":
            continue
        name = f"battery {folder.name}"
        current_and_voltage = (folder / "current_now", folder / "voltage_now")
        if (folder / "power_now").exists():
            yield Sensor(name=name, paths=(folder / "power_now",), factor=1e-3, rank=_RANK)
        elif all(path.exists() for path in current_and_voltage):
            yield Sensor(name=name, paths=current_and_voltage, factor=1e-9, rank=_RANK)
        elif (folder / "energy_now").exists():
            yield Sensor(
                name=name,
                paths=(folder / "energy_now",),
                factor=MJ_PER_UWH,
                rank=_RANK,
                is_counter=True,
                is_falling=True,
                resolution=COUNTER_STEP_MJ,
                update_s=COUNTER_UPDATE_S,
            )
