import pytest

from edgeprof_agent.doctor.cpu_frequency import (
    check_battery,
    check_frequency_limit,
    check_governor,
    check_temperature,
    check_throttling,
)

CPU = "sys/devices/system/cpu"
ZONE = "sys/class/thermal/thermal_zone0"
FLAGS = "sys/devices/platform/soc/soc:firmware/get_throttled"
FLAGS_OF_5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
VOLTAGE = {"sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0"}
COOLER = "sys/class/thermal/cooling_device0"
BATTERY = "sys/class/power_supply/BAT0"


def cores(**files: str) -> dict[str, str]:
    tree = {f"{CPU}/cpu{index}/cpufreq/{name}": text for index in (0, 1) for name, text in files.items()}
    return {f"{CPU}/online": "0-1", **tree}


@pytest.mark.parametrize(
    ("check", "files", "level", "words"),
    [
        (check_governor, cores(scaling_governor="performance"), "good", "performance"),
        (check_governor, cores(scaling_governor="ondemand"), "warning", "ondemand"),
        (check_governor, {}, "not_reported", ""),
        (check_frequency_limit, cores(scaling_max_freq="9", cpuinfo_max_freq="9"), "good", ""),
        (
            check_frequency_limit,
            cores(scaling_max_freq="600000", cpuinfo_max_freq="1800000"),
            "warning",
            "core 1: 600 of 1800 MHz",
        ),
        (check_frequency_limit, cores(), "not_reported", ""),
        (check_temperature, {f"{ZONE}/type": "cpu", f"{ZONE}/temp": "45000"}, "good", "45 degrees"),
        (check_temperature, {f"{ZONE}/type": "cpu", f"{ZONE}/temp": "72000"}, "warning", "zone cpu"),
        (check_temperature, {f"{ZONE}/type": "cpu", f"{ZONE}/temp": "84000"}, "trouble", "84 degrees"),
        (check_temperature, {}, "not_reported", ""),
        (check_throttling, {FLAGS: "0"}, "good", ""),
        (check_throttling, {FLAGS: "50000"}, "warning", "under-voltage-has-occurred"),
        (check_throttling, {FLAGS: "50005"}, "trouble", "under-voltage, "),
        (check_throttling, {}, "not_reported", ""),
        (check_throttling, {FLAGS_OF_5: "0"}, "good", "since the start"),
        (check_throttling, {FLAGS_OF_5: "4"}, "trouble", "throttled"),
        (check_throttling, VOLTAGE, "not_reported", ""),
        (check_throttling, {f"{COOLER}/type": "cpufreq-cpu0", f"{COOLER}/cur_state": "0"}, "good", "none now"),
        (check_throttling, {f"{COOLER}/type": "cpufreq-cpu0", f"{COOLER}/cur_state": "1"}, "trouble", "thermal-limit"),
        (check_battery, {f"{BATTERY}/type": "Battery", f"{BATTERY}/status": "Charging"}, "good", ""),
        (
            check_battery,
            {f"{BATTERY}/type": "Battery", f"{BATTERY}/status": "Discharging", f"{BATTERY}/capacity": "41"},
            "warning",
            "41 %",
        ),
        (check_battery, {}, "good", ""),
    ],
)
def test_what_slows_a_processor_is_found(write_tree, check, files, level, words) -> None:
    found = check(write_tree(files))
    assert found.level == level
    assert words in found.finding
    assert bool(found.remedy) is (level in ("warning", "trouble"))
