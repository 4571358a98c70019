"""The sensors of a device: those of its processor, its board and its battery."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT
from edgeprof_agent.energy import battery, hwmon, rapl
from edgeprof_agent.energy.sensors import Sensor

MAX_SENSOR_COUNT = 32


def find_sensors(root: Path = SYSTEM_ROOT) -> tuple[Sensor, ...]:
    """Return the sensors that can be read now, those that cover most of the device first.

    Args:
        root: Root folder of the file tree to read.
    """
    found = [*rapl.find(root), *hwmon.find(root), *battery.find(root)]
    readable = sorted((sensor for sensor in found if sensor.read() is not None), key=lambda sensor: sensor.rank)
    return _told_apart(readable[:MAX_SENSOR_COUNT])


def _told_apart(sensors: list[Sensor]) -> tuple[Sensor, ...]:
    counts = Counter(sensor.name for sensor in sensors)
    return tuple(
        sensor if counts[sensor.name] == 1 else replace(sensor, name=f"{sensor.name} ({sensor.paths[0].parent.name})")
        for sensor in sensors
    )
