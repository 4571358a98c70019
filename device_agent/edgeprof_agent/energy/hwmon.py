"""Power sensors of boards, as the kernel's hardware monitoring shows them: INA chips, the rails of a Jetson."""

from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.conditions import read_number, read_text
from edgeprof_agent.energy.sensors import Sensor

MILLIWATTS = 1e-3
"""The files hold microwatts, or millivolts and milliamperes."""

INA3221_SHUNT_STEP_UV = 40.0
"""Smallest step of the voltage across the shunt, in microvolts. Source: data sheet of the INA3221, section 6.5."""

POWER_STEP_UV = {"ina219": 200.0, "ina220": 200.0, "ina226": 62.5, "ina230": 62.5, "ina231": 62.5}
"""Smallest step of the power, in watts, times the shunt in microohms: that of the current times 20 or 25.

Source:
    `power_lsb_factor` and `shunt_div` of the kernel's driver, drivers/hwmon/ina2xx.c.
"""

_INPUT_RANK = 0
_RAIL_RANK = 3


def find(root: Path) -> Iterator[Sensor]:
    """Yield the sensors of power, and the channels of INA chips that tell current and voltage.

    Args:
        root: Root folder of the file tree to read.
    """
    for folder in sorted((root / "sys/class/hwmon").glob("hwmon*"), key=lambda path: (len(path.name), path)):
        chip = read_text(folder / "name") or folder.name
        powers = sorted(folder.glob("power*_input"))
        for path in powers:
            number = path.name.removeprefix("power").removesuffix("_input")
            label = read_text(folder / f"power{number}_label") or f"power{number}"
            yield Sensor(
                name=f"{chip} {label}",
                paths=(path,),
                factor=MILLIWATTS,
                rank=_rank(label),
                resolution=_power_resolution_mw(folder, chip),
            )
        if not powers and chip.startswith("ina"):
            yield from _channels(folder, chip)


def _channels(folder: Path, chip: str) -> Iterator[Sensor]:
    for current in sorted(folder.glob("curr*_input")):
        number = current.name.removeprefix("curr").removesuffix("_input")
        voltage = folder / f"in{number}_input"
        if not voltage.exists() or read_number(folder / f"in{number}_enable") == 0:
            continue
        label = read_text(folder / f"in{number}_label") or f"channel {number}"
        yield Sensor(
            name=f"{chip} {label}",
            paths=(current, voltage),
            factor=MILLIWATTS,
            rank=_rank(label),
            resolution=_resolution_mw(folder, number, voltage),
        )


def _power_resolution_mw(folder: Path, chip: str) -> float:
    """Return one step of the power of a chip that computes it, in milliwatts; 0 where that is not known."""
    shunt_uohm = read_number(folder / "shunt_resistor")
    step_uv = POWER_STEP_UV.get(chip)
    return step_uv / shunt_uohm * 1e3 if step_uv is not None and shunt_uohm is not None and shunt_uohm > 0 else 0.0


def _resolution_mw(folder: Path, number: str, voltage: Path) -> float:
    """Return the power of one step of the current, in milliwatts; 0 where the shunt is not known."""
    shunt_uohm = read_number(folder / f"shunt{number}_resistor")
    voltage_mv = read_number(voltage)
    if not shunt_uohm or shunt_uohm < 0 or not voltage_mv:
        return 0.0
    return INA3221_SHUNT_STEP_UV / shunt_uohm * abs(voltage_mv)


def _rank(label: str) -> int:
    """Return the place of a rail: that of the board's input is the whole board."""
    name = label.upper()
    return _INPUT_RANK if name.endswith("_IN") or "VIN" in name else _RAIL_RANK
