"""What lowers or varies the CPU frequency: governor, limits, temperature, firmware throttling, battery."""

from pathlib import Path

from edgeprof_agent.conditions import (
    SYSTEM_ROOT,
    cpufreq_folder,
    read_flags,
    read_governors,
    read_number,
    read_online_core_indices,
    read_temperatures,
    read_text,
)
from edgeprof_agent.conditions.raspberry_pi import read_throttling_flags
from edgeprof_agent.config import AgentConfig
from edgeprof_proto.records.check import Check, CheckLevel

WARM_CELSIUS = 70.0
HOT_CELSIUS = 80.0
"""A Raspberry Pi lowers its frequency from here on, and most other boards a little above.

Source:
    Raspberry Pi documentation, frequency management and thermal control.
"""


def cpu_frequency_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check governor, frequency limits, temperature, throttling and battery."""
    return (check_governor(), check_frequency_limit(), check_temperature(), check_throttling(), check_battery())


def check_governor(root: Path = SYSTEM_ROOT) -> Check:
    """Check that the governor keeps the frequency constant."""
    governors = sorted(set(read_governors(root)))
    if not governors:
        return Check(name="governor", level=CheckLevel.NOT_REPORTED, finding="not reported")
    finding = f"the frequency is governed by {', '.join(governors)}"
    if governors == ["performance"]:
        return Check(name="governor", level=CheckLevel.GOOD, finding=finding)
    return Check(
        name="governor",
        level=CheckLevel.WARNING,
        finding=f"{finding}, which follows the load, so that latencies of short runs vary",
        remedy="`echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor`",
    )


def check_frequency_limit(root: Path = SYSTEM_ROOT) -> Check:
    """Check that no limit below the hardware's is set on the frequency of a core."""
    lowered, is_reported, name = [], False, "frequency limit"
    for index in read_online_core_indices(root):
        folder = cpufreq_folder(index, root)
        allowed, possible = read_number(folder / "scaling_max_freq"), read_number(folder / "cpuinfo_max_freq")
        if allowed is not None and possible is not None:
            is_reported = True
            if allowed < possible:
                lowered.append(f"core {index}: {allowed / 1000:.0f} of {possible / 1000:.0f} MHz")
    if not is_reported:
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="not reported")
    if not lowered:
        return Check(name=name, level=CheckLevel.GOOD, finding="every core may run at its highest frequency")
    return Check(
        name=name,
        level=CheckLevel.WARNING,
        finding=f"lowered on {', '.join(lowered)}",
        remedy="write cpuinfo_max_freq into scaling_max_freq of those cores, or change the power profile that set it",
    )


def check_temperature(root: Path = SYSTEM_ROOT) -> Check:
    """Check that the temperature is well below the throttling point."""
    temperatures = read_temperatures(root)
    if not temperatures:
        return Check(name="temperature", level=CheckLevel.NOT_REPORTED, finding="the system has no thermal zones")
    hottest = max(temperatures, key=lambda zone: zone.temperature_celsius)
    finding = f"{hottest.temperature_celsius:.0f} degrees Celsius in zone {hottest.zone}"
    if hottest.temperature_celsius < WARM_CELSIUS:
        return Check(name="temperature", level=CheckLevel.GOOD, finding=finding)
    level = CheckLevel.TROUBLE if hottest.temperature_celsius >= HOT_CELSIUS else CheckLevel.WARNING
    return Check(
        name="temperature", level=level, finding=finding, remedy="let it cool, or give it a heat sink or a fan"
    )


def check_throttling(root: Path = SYSTEM_ROOT) -> Check:
    """Check what holds the device back: a Raspberry Pi's firmware by voltage or heat, the kernel by cooling."""
    flags, name = read_flags(root), "throttling"
    if flags is None:
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="not reported")
    if not flags:
        is_kept = read_throttling_flags(root) is not None
        finding = "none since the start of the device" if is_kept else "none now; the past is not reported"
        return Check(name=name, level=CheckLevel.GOOD, finding=finding)
    is_voltage = any(flag.startswith("under-voltage") for flag in flags)
    has_only_been = all(flag.endswith("has-occurred") for flag in flags)
    return Check(
        name=name,
        level=CheckLevel.WARNING if has_only_been else CheckLevel.TROUBLE,
        finding=f"the device reports {', '.join(flags)}",
        remedy="use a stronger power supply and a shorter cable" if is_voltage else "cool the device better",
    )


def check_battery(root: Path = SYSTEM_ROOT) -> Check:
    """Check that the device does not run on its battery, on which it may lower its frequency."""
    for folder in sorted((root / "sys/class/power_supply").glob("*")):
        if read_text(folder / "type") == "Battery" and read_text(folder / "status") == "Discharging":
            charge = read_number(folder / "capacity")
            return Check(
                name="battery",
                level=CheckLevel.WARNING,
                finding="the device runs on its battery" + ("" if charge is None else f", at {charge:.0f} %"),
                remedy="plug it in: on battery power devices lower their frequency",
            )
    return Check(name="battery", level=CheckLevel.GOOD, finding="none is being discharged")
