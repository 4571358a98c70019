"""Whether a sensor tells the energy of runs, and whether the agent may read it."""

from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT, read_number
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.energy.discovery import find_sensors
from edgeprof_agent.energy.rapl import counter_folders
from edgeprof_proto.records.check import Check, CheckLevel

NAME = "energy"


def energy_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the sensors of power and energy."""
    return (check_energy(),)


def check_energy(root: Path = SYSTEM_ROOT) -> Check:
    """Check that a sensor can be read, and that the processor's counters can."""
    found = [sensor.name for sensor in find_sensors(root)]
    names = ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
    unreadable = [folder for folder in counter_folders(root) if read_number(folder / "energy_uj") is None]
    if unreadable:
        told = f"told by {names}, but the" if found else "not reported: the"
        return Check(
            name=NAME,
            level=CheckLevel.WARNING,
            finding=f"{told} energy counters of the processor (RAPL) are readable by root alone",
            remedy="run the agent as root, or `sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj` after each "
            "start, where no other user of this machine may be hostile: the counters tell what others compute "
            "(CVE-2020-8694)",
        )
    if not found:
        return Check(name=NAME, level=CheckLevel.NOT_REPORTED, finding="no sensor of power or energy was found")
    return Check(name=NAME, level=CheckLevel.GOOD, finding=f"told by {names}")
