"""A sensor of power or energy, whatever the kernel calls it."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.conditions import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor: files whose numbers, multiplied, are power or energy.

    Args:
        name: Its name, for people.
        paths: The files; their numbers are multiplied.
        factor: Makes milliwatts, or millijoules of a counter, of the product.
        rank: Place among the sensors of a device; the lower, the more of the device it covers.
        is_counter: Whether it counts energy; otherwise it tells the power of the moment.
        wrap_mj: Of a counter: where it begins anew at 0, in millijoules; 0 for never.
        is_falling: Of a counter: whether it tells what is left.
        resolution: Its smallest step, in milliwatts or millijoules; 0 where it is not known.
        update_s: Of a counter: time between two updates by the hardware, in seconds.
    """

    name: str
    paths: tuple[Path, ...]
    factor: float
    rank: int
    is_counter: bool = False
    wrap_mj: float = 0.0
    is_falling: bool = False
    resolution: float = 0.0
    update_s: float = 0.0

    def read(self) -> float | None:
        """Read the power in milliwatts, or the counter in millijoules; None where it cannot be read."""
        value = self.factor
        for path in self.paths:
            number = read_number(path)
            if number is None:
                return None
            # Some batteries tell the current that leaves them as a negative number.
            value *= abs(number)
        return value
